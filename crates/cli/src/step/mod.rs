//! `hotspot step`: goes through a program step by step, and shows at each what the interpreter works on, what it counts, and
//! what the engine decides.
//!
//! It looks at `profile -> detect -> compile -> cache -> execute -> deoptimise` while it happens: [`command`] is what one
//! may say, [`view`] what is shown, and this module how far each command goes. Invariants: standard output is the program's
//! alone; the same program, input and commands show the same, since compiling is waited for; limits hold as in any run.

mod command;
mod view;

use crate::args::StepArgs;
use crate::explain::live;
use crate::explain::{Collector, Facts};
use crate::load::{self, Loaded};
use crate::log::Repeated;
use crate::report::{self, Failure, Status};
use crate::streams::{self, Failed};
use crate::{run, text};
use command::{Command, Place};
use hotspotvm::bytecode::{Op, Verified};
use hotspotvm::runtime::num::{Output, parse_argument};
use hotspotvm::{Engine, Event, Go, LogEntry, Paused, PlaceKind, Spot, Tier};
use std::cell::RefCell;
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// The width of what is shown, in characters: a plain terminal's.
const WIDTH: usize = 80;

/// What stands before a command.
const PROMPT: &str = "(step) ";

/// Runs the command.
///
/// # Errors
/// If the program did not start, or a file could not be read.
pub(crate) fn step(args: &StepArgs) -> Result<Status, Failure> {
    let started = Instant::now();
    let path = args.program.program();
    if path == "-" && args.commands.is_none() {
        let failure = Failure::refused("the program and the commands cannot both come from standard input");
        return Err(failure.with_help("--commands FILE says where the commands are"));
    }
    let commands: Box<dyn BufRead> = match &args.commands {
        Some(file) => opened(file)?,
        None => Box::new(BufReader::new(std::io::stdin())),
    };
    let input: Box<dyn BufRead> = match (&args.input, &args.commands) {
        (Some(file), _) => opened(file)?,
        (None, Some(_)) if path != "-" => Box::new(BufReader::new(std::io::stdin())),
        _ => Box::new(std::io::empty()),
    };
    let loaded = load::load(path, args.program.language.language)?;
    let python = loaded.python.as_ref();
    let arguments = run::arguments(&loaded.program, python, args.program.args())?;
    let mut options = args.engine.options();
    if let Some(python) = python {
        options = python.options(options, args.engine.has_depth());
    }
    options.deterministic = true;
    options.limits.started = Some(started);

    let has_input = args.input.is_some() || args.commands.is_some();
    let terminal = args.commands.is_none() && std::io::stdin().is_terminal();
    let greeting = greeting(&loaded, has_input, terminal);
    report::say_in_colour(&greeting);
    let facts = Facts::new(loaded.program.program(), &loaded.text);
    let teller = Rc::new(RefCell::new(Teller::new(facts)));
    let mut engine = Engine::new(options);
    let listener = Rc::clone(&teller);
    engine.on_log(move |entry| listener.borrow_mut().entry(entry));
    let quit = Rc::new(RefCell::new(false));
    let source = loaded.text.lines().map(|line| line.trim().to_owned()).collect();
    let program = Arc::clone(&loaded.program);
    let mut session = Session {
        commands,
        terminal,
        program,
        source,
        teller: Rc::clone(&teller),
        goal: Goal::Here,
        last: None,
        from: (0, 0),
        quit: Rc::clone(&quit),
    };
    engine.on_step(move |paused| session.consulted(paused));

    let failed = Failed::default();
    let outcome = engine.run(Arc::clone(&loaded.program), &arguments, streams::shown(input, &failed));
    teller.borrow_mut().finish();
    if *quit.borrow() {
        return Ok(Status::Ok);
    }
    match outcome.result {
        Ok(Output::None) => report::say("The program has ended.\n"),
        Ok(result) => report::say(&view::sentence(&format!(
            "The program has ended; its result is {}.",
            run::shown(&result)
        ))),
        Err(stop) => return Ok(run::ended(&stop, python, &failed)),
    }
    Ok(if failed.has_failed() { failed.show() } else { Status::Ok })
}

fn opened(file: &std::path::Path) -> Result<Box<dyn BufRead>, Failure> {
    match File::open(file) {
        Ok(file) => Ok(Box::new(BufReader::new(file))),
        Err(error) => {
            Err(Failure::refused(format!("cannot read `{}`: {}", file.display(), report::io_words(&error))))
        }
    }
}

/// What is said first.
fn greeting(loaded: &Loaded, has_input: bool, terminal: bool) -> String {
    let mut out = String::new();
    if terminal {
        out.push_str(&view::sentence("`step` executes an instruction, `event` goes on until the engine does something, `help` lists the commands; an empty line does the last one again."));
    }
    let reads =
        loaded.program.program().functions.iter().any(|f| f.code.iter().any(|inst| inst.op == Op::Input));
    if reads && !has_input {
        out.push_str(&view::sentence(
            "The program reads, and finds its input at the end: --input FILE gives it some.",
        ));
    }
    out
}

/// Tells what the engine does, and notes whether somebody waits for that.
struct Teller {
    log: Collector,
    repeated: Repeated,
    /// Advice is given once.
    hints: HashSet<String>,
    /// The name of the event that is waited for; empty: any.
    wanted: Option<String>,
    met: bool,
}

impl Teller {
    fn new(facts: Facts) -> Teller {
        let (log, repeated) = (Collector::new(facts), Repeated::default());
        Teller { log, repeated, hints: HashSet::new(), wanted: None, met: false }
    }

    fn entry(&mut self, entry: &LogEntry) {
        let event = &entry.event;
        self.log.entry(entry);
        self.met |= self.wanted.as_ref().is_some_and(|name| name.is_empty() || name == event.name());
        // What happens over and over on the way is told once, and counted.
        if self.repeated.counts(event) {
            return;
        }
        if !matches!(event, Event::Enter { .. } | Event::Exit { .. }) {
            self.again();
        }
        let told = live::told(&self.log, event);
        if !told.words.is_empty() {
            let is_new = self.hints.insert(told.hint.clone());
            report::say_in_colour(&view::told(&told.words, if is_new { &told.hint } else { "" }));
        }
    }

    fn again(&mut self) {
        for words in self.repeated.take_words() {
            report::say_in_colour(&view::told(&format!("Meanwhile {words}."), ""));
        }
    }

    /// Tells what was only counted; from here on all is told anew.
    fn finish(&mut self) {
        self.again();
        self.repeated = Repeated::default();
    }
}

/// How far to go before the next prompt.
#[derive(Clone, Debug)]
enum Goal {
    /// No further.
    Here,
    Step {
        left: u64,
    },
    Interpret {
        left: u64,
    },
    Next {
        left: u64,
        depth: usize,
    },
    Line {
        left: u64,
        depth: usize,
        line: u32,
    },
    Finish {
        depth: usize,
    },
    /// To a line, coming from this one.
    ToLine {
        line: u32,
        from: u32,
    },
    /// To an instruction; not yet moved.
    ToPc {
        place: (u32, u32),
        moved: bool,
    },
    Event,
    End,
}

struct Session {
    commands: Box<dyn BufRead>,
    terminal: bool,
    program: Arc<Verified>,
    source: Vec<String>,
    teller: Rc<RefCell<Teller>>,
    goal: Goal,
    last: Option<Command>,
    /// Instructions and rounds in compiled code when the last command began.
    from: (u64, u64),
    quit: Rc<RefCell<bool>>,
}

impl Session {
    /// The engine asks how to go on.
    fn consulted(&mut self, paused: &mut Paused<'_, '_>) -> Go {
        if let Some(go) = self.advance(paused) {
            return go;
        }
        paused.flush();
        self.teller.borrow_mut().finish();
        self.tell_what_ran(paused);
        report::say_in_colour(&view::stop(paused, &self.source));
        loop {
            let Some(command) = self.ask() else { continue };
            if let Some(goal) = self.obey(command, paused) {
                self.goal = goal;
                self.from = (paused.executed().1, paused.rounds());
                if *self.quit.borrow() {
                    return Go::Stop;
                }
                if let Some(go) = self.advance(paused) {
                    return go;
                }
            }
        }
    }

    /// How to go on towards the goal; nothing if it is reached.
    fn advance(&mut self, paused: &Paused<'_, '_>) -> Option<Go> {
        let depth_now = paused.depth();
        let onwards = if paused.code().is_some() { Go::Run } else { Go::Step };
        let here = self.line_of(paused);
        match &mut self.goal {
            Goal::Here => None,
            Goal::Step { left } => {
                *left = left.checked_sub(1)?;
                Some(onwards)
            }
            Goal::Interpret { left } => {
                *left = left.checked_sub(1)?;
                Some(Go::Step)
            }
            Goal::Next { left, depth } => {
                if depth_now <= *depth {
                    *depth = depth_now;
                    *left = left.checked_sub(1)?;
                }
                Some(onwards)
            }
            Goal::Line { left, depth, line } => {
                if depth_now <= *depth && here != 0 && (here != *line || depth_now < *depth) {
                    (*depth, *line) = (depth_now, here);
                    *left -= 1;
                    if *left == 0 {
                        return None;
                    }
                }
                Some(onwards)
            }
            Goal::Finish { depth } => (depth_now >= *depth).then_some(onwards),
            Goal::ToLine { line, from } => {
                let arrived = here == *line && *from != here;
                *from = here;
                (!arrived).then_some(Go::Step)
            }
            Goal::ToPc { place, moved } => {
                let arrived = std::mem::replace(moved, true) && paused.position() == *place;
                (!arrived).then_some(Go::Step)
            }
            Goal::Event => {
                let met = std::mem::take(&mut self.teller.borrow_mut().met);
                (!met).then_some(Go::Run)
            }
            Goal::End => Some(Go::Run),
        }
    }

    /// The line of the next instruction; 0 if it is not known.
    fn line_of(&self, paused: &Paused<'_, '_>) -> u32 {
        let (function, pc) = paused.position();
        let function = self.program.program().functions.get(function as usize);
        function.and_then(|f| f.lines.get(pc as usize)).copied().unwrap_or(0)
    }

    /// Says what compiled code has done since the last prompt.
    fn tell_what_ran(&self, paused: &Paused<'_, '_>) {
        let (instructions, rounds) =
            (paused.executed().1 - self.from.0.min(paused.executed().1), paused.rounds() - self.from.1);
        if instructions > 0 {
            let words = format!(
                "Meanwhile compiled code executed {} ({}).",
                text::counted(instructions as usize, "instruction"),
                text::counted(rounds as usize, "round")
            );
            report::say_in_colour(&view::told(&words, ""));
        }
    }

    /// The next command; nothing if what was written is none.
    fn ask(&mut self) -> Option<Command> {
        report::say(PROMPT);
        let mut line = String::new();
        let count = self.commands.read_line(&mut line).unwrap_or(0);
        if count == 0 {
            // A terminal's user has had enough; a list of commands is at its end.
            report::say(if self.terminal { "\n" } else { "(no more commands: on to the end)\n" });
            return Some(if self.terminal { Command::Quit } else { Command::Continue });
        }
        let line = line.trim();
        if !self.terminal {
            report::say(&format!("{}\n", text::line(line)));
        }
        if line.starts_with('#') {
            return None;
        }
        if line.is_empty() {
            return self.last.clone();
        }
        match command::parse(line) {
            Ok(command) => {
                self.last = Some(command.clone());
                Some(command)
            }
            Err(message) => {
                report::say(&view::sentence(&format!("{message}.")));
                None
            }
        }
    }

    /// Does what a command says; gives how far to go, if it says that.
    fn obey(&mut self, command: Command, paused: &mut Paused<'_, '_>) -> Option<Goal> {
        let depth = paused.depth();
        let answer = match command {
            Command::Step(left) => return Some(Goal::Step { left }),
            Command::Interpret(left) => return Some(Goal::Interpret { left }),
            Command::Next(left) => return Some(Goal::Next { left, depth }),
            Command::Line(left) => return Some(Goal::Line { left, depth, line: self.line_of(paused) }),
            Command::Finish => return Some(Goal::Finish { depth }),
            Command::Continue => return Some(Goal::End),
            Command::Quit => {
                *self.quit.borrow_mut() = true;
                return Some(Goal::End);
            }
            Command::To(place) => match self.goal_of(&place, paused) {
                Ok(goal) => return Some(goal),
                Err(message) => Err(message),
            },
            Command::Event(name) => {
                let name = name.unwrap_or_default();
                if !name.is_empty() && !Event::NAMES.contains(&&*name) {
                    Err(format!("there is no event `{name}`; there are {}", Event::NAMES.join(", ")))
                } else {
                    let mut teller = self.teller.borrow_mut();
                    (teller.wanted, teller.met) = (Some(name), false);
                    return Some(Goal::Event);
                }
            }
            Command::Where => Ok(view::stop(paused, &self.source)),
            Command::List => Ok(view::list(paused, self.program.program())),
            Command::Calls => Ok(view::calls(paused)),
            Command::Globals => Ok(view::globals(paused)),
            Command::Counters => Ok(view::counters(paused)),
            Command::Units => Ok(view::units(paused)),
            Command::Help(name) => Ok(view::help(&command::help(name.as_deref()))),
            Command::Compile(tier) => paused.compile(tier).map(|place| compiled(place, tier)),
            Command::Fail(place) => self.fail(place.as_ref(), paused),
            Command::FailOff => {
                paused.force_exit(None).map(|_| view::sentence("No guard is forced to fail any more."))
            }
            Command::Set(name, value) => set(&name, &value, paused),
            Command::Strategy(strategy) => {
                paused.set_strategy(strategy);
                let words = format!(
                    "What is optimized from now on is chosen by {strategy}; code that is there stays (`compile` makes it anew)."
                );
                Ok(view::sentence(&words))
            }
        };
        report::say_in_colour(
            &answer.unwrap_or_else(|message| view::sentence(&format!("That cannot be: {message}."))),
        );
        None
    }

    /// The goal that a place is.
    fn goal_of(&self, place: &Place, paused: &Paused<'_, '_>) -> Result<Goal, String> {
        let functions = &self.program.program().functions;
        let (function, _) = paused.position();
        match place {
            Place::Line(line) if functions.iter().any(|f| f.lines.contains(line)) => {
                Ok(Goal::ToLine { line: *line, from: *line })
            }
            Place::Line(line) => Err(format!("line {line} has no instruction")),
            Place::Pc(pc)
                if functions.get(function as usize).is_some_and(|f| (*pc as usize) < f.code.len()) =>
            {
                Ok(Goal::ToPc { place: (function, *pc), moved: false })
            }
            Place::Pc(pc) => Err(format!("this function has no pc {pc}")),
            Place::Function(name) => match functions.iter().position(|f| f.name == *name) {
                Some(function) => Ok(Goal::ToPc { place: (function as u32, 0), moved: false }),
                None => Err(format!("there is no function `{name}`")),
            },
        }
    }

    /// Lets a guard fail.
    fn fail(&self, place: Option<&Place>, paused: &mut Paused<'_, '_>) -> Result<String, String> {
        let (function, here) = paused.position();
        let Some(function) = self.program.program().functions.get(function as usize) else {
            return Err(String::new());
        };
        let guarded = |pc: &usize| function.code.get(*pc).is_some_and(|inst| inst.op.info().may_exit);
        let pc = match place {
            Some(Place::Pc(pc)) => *pc as usize,
            Some(Place::Line(line)) => {
                let on_line = (0..function.code.len()).filter(|&pc| function.lines.get(pc) == Some(line));
                on_line
                    .into_iter()
                    .find(guarded)
                    .ok_or(format!("line {line} of this function has no guard"))?
            }
            _ => here as usize,
        };
        let with_guard: Vec<String> = (0..function.code.len())
            .filter(guarded)
            .take(8)
            .map(|pc| format!("pc {pc} ({})", function.code[pc].op.info().mnemonic))
            .collect();
        let wrong = |message: String| format!("{message}; these have one: {}", with_guard.join(", "));
        let units = paused.force_exit(Some(pc as u32)).map_err(wrong)?;
        let name = function.code.get(pc).map_or("", |inst| inst.op.info().mnemonic);
        let mut words = format!("Optimized code now leaves at pc {pc} ({name}), in each round.");
        words.push_str(match units {
            0 => " There is none for this function yet.",
            _ => " What there was for this function is made anew when control comes there next.",
        });
        Ok(view::sentence(&words))
    }
}

fn compiled((kind, at): (PlaceKind, Spot), tier: Tier) -> String {
    let line = at.line.map_or(format!("pc {}", at.pc), |line| format!("line {line}"));
    let place = match kind {
        PlaceKind::Loop => format!("The loop at {line} is optimized when control comes back to it next."),
        PlaceKind::Function => format!("`{}` is optimized when it is called next.", at.function),
    };
    view::sentence(match tier {
        Tier::Optimizing => &place,
        _ => "Control goes into it at the next round or call.",
    })
}

/// Gives a variable another value.
fn set(name: &str, text: &str, paused: &mut Paused<'_, '_>) -> Result<String, String> {
    let value = match text {
        "True" | "true" => Output::Bool(true),
        "False" | "false" => Output::Bool(false),
        "None" | "none" => Output::None,
        _ => parse_argument(text),
    };
    if !paused.set_local(name, &value) {
        return Err(format!("this function has no variable `{name}`"));
    }
    Ok(view::sentence(&format!("{name} is {} now.", run::shown(&value))))
}
