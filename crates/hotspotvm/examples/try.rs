use hotspotvm::*;
fn main(){
  let mut a=std::env::args().skip(1);
  let file=a.next().unwrap(); let th:u64=a.next().unwrap().parse().unwrap();
  let src=std::fs::read_to_string(&file).unwrap();
  let p=match bytecode::asm::assemble(&file,&src){Ok(p)=>p,Err(e)=>{for d in e{eprintln!("{d}")} return}};
  let p=match bytecode::verify(p){Ok(p)=>p,Err(e)=>{for d in e{eprintln!("{d}")} return}};
  let args:Vec<_>=a.map(|x|runtime::num::parse_argument(&x)).collect();
  let mut o=Options{timing:true,listings:true,hotspot_threshold:th.max(1),..Options::default()}; if th==0{o.jit=false}
  let v=std::env::var("V").is_ok(); o.listings=v;
  let mut e=Engine::new(o);
  if v {e.on_event(|e|{eprintln!("{e}"); if let Event::CompileEnd{listing:Some(l),..}=e {eprintln!("{}\n{}\n{}\n{}",l.bytecode,l.ir_built,l.ir,l.machine)}});}
  let out=e.run(p.into(),&args,Io::new(Box::new(std::io::stdout()),Box::new(std::io::BufReader::new(std::io::stdin())),false));
  match out.result {Ok(v)=>eprintln!("=> {v:?}"),Err(s)=>eprintln!("{s}")}
  eprintln!("{}",out.stats);
}
