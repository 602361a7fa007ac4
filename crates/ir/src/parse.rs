//! IR text back into a function: the inverse of [`crate::print`].
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`: tests and people write IR by hand.
//!
//! Invariants: no text makes it panic; what it allocates is bounded by the length of the text, since a number in the
//! text only counts if the text is long enough to name that many things. It checks form, and that each value is defined
//! once; everything else is [`crate::verify`]'s.

use crate::data::{
    Ahead, Block, BlockData, CallId, CallSite, FrameState, Function, Imm, Input, InputPlace, Inst, Origin,
    Resume, Sign, StateId, Target, Terminator, Type, Value,
};
use crate::op::Opcode;
use crate::print::{binop_name, cmp_name, unop_name};
use crate::reason::ExitReason;
use bytecode::{BinOp, Builtin1, Builtin2, Cmp, Routine, Shape, UnOp};

/// Why a text is not a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ParseError {}

type Parsed<T> = Result<T, ParseError>;

/// A place in one line.
struct Cursor<'a> {
    line: usize,
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn error_at(&self, at: usize, message: impl Into<String>) -> ParseError {
        let column = self.text.get(..at).unwrap_or(self.text).chars().count() + 1;
        ParseError { line: self.line, column, message: message.into() }
    }

    fn expected(&mut self, what: &str) -> ParseError {
        self.skip_space();
        let found: String = self.rest().chars().take_while(|c| !c.is_whitespace()).take(20).collect();
        let found = if found.is_empty() { "the end of the line".to_owned() } else { format!("`{found}`") };
        self.error_at(self.at, format!("expected {what}, found {found}"))
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Parsed<()> {
        if self.eat(token) { Ok(()) } else { Err(self.expected(&format!("`{token}`"))) }
    }

    /// The next run of word characters; empty if there is none.
    fn peek_word(&mut self) -> &'a str {
        self.skip_space();
        let rest = self.rest();
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_.+-".contains(c))).unwrap_or(rest.len());
        &rest[..end]
    }

    fn word(&mut self, what: &str) -> Parsed<&'a str> {
        let word = self.peek_word();
        if word.is_empty() {
            return Err(self.expected(what));
        }
        self.at += word.len();
        Ok(word)
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.peek_word() == word;
        if found {
            self.at += word.len();
        }
        found
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word) { Ok(()) } else { Err(self.expected(&format!("`{word}`"))) }
    }

    fn number<T: std::str::FromStr>(&mut self, what: &str) -> Parsed<T> {
        self.prefixed("", what)
    }

    /// A number directly after a prefix: `v3`, `g0`, `pc4`.
    fn prefixed<T: std::str::FromStr>(&mut self, prefix: &str, what: &str) -> Parsed<T> {
        let word = self.peek_word();
        let number = word.strip_prefix(prefix).filter(|n| !n.starts_with('+')).and_then(|n| n.parse().ok());
        match number {
            Some(number) => {
                self.at += word.len();
                Ok(number)
            }
            None => Err(self.expected(what)),
        }
    }

    /// Nothing but a comment may follow; gives the origin if the comment is one: `; pc 4` in this function or `; f3:pc 4`.
    fn end_of_line(&mut self, function: u32) -> Parsed<Option<Origin>> {
        self.skip_space();
        match self.rest().strip_prefix(';') {
            Some(comment) => Ok(origin(comment.trim(), function)),
            None if self.rest().is_empty() => Ok(None),
            None => Err(self.expected("the end of the line")),
        }
    }
}

fn origin(comment: &str, function: u32) -> Option<Origin> {
    let inlined = comment.strip_prefix('f').and_then(|rest| rest.split_once(':'));
    let (function, pc) = match inlined {
        Some((number, pc)) => (number.parse().ok()?, pc),
        None => (function, comment),
    };
    Some(Origin { function, pc: pc.strip_prefix("pc ")?.parse().ok()? })
}

struct Parser {
    f: Function,
    types: Vec<Option<Type>>,
    /// Values used, and where, to be found defined at the end.
    uses: Vec<(Value, usize, usize)>,
    /// Ids from here on cannot be meant: the text is too short to define that many.
    limit: usize,
    last: Origin,
    /// Whether the last block still needs its end.
    open: bool,
}

impl Parser {
    fn id(&self, c: &mut Cursor<'_>, prefix: &str, what: &str) -> Parsed<u32> {
        c.skip_space();
        let at = c.at;
        let id: u32 = c.prefixed(prefix, what)?;
        if id as usize >= self.limit {
            return Err(
                c.error_at(at, format!("`{prefix}{id}` is beyond what a text of this length can define"))
            );
        }
        Ok(id)
    }

    fn value(&mut self, c: &mut Cursor<'_>) -> Parsed<Value> {
        c.skip_space();
        let at = c.at;
        let value = Value(self.id(c, "v", "a value like `v0`")?);
        let column = c.error_at(at, "").column;
        self.uses.push((value, c.line, column));
        Ok(value)
    }

    fn state(&self, c: &mut Cursor<'_>) -> Parsed<StateId> {
        if c.eat("@none") {
            return Ok(StateId(u32::MAX));
        }
        let what = "a frame state like `@0`";
        if !c.eat("@") {
            return Err(c.expected(what));
        }
        Ok(StateId(self.id(c, "", what)?))
    }

    /// `v0: int`, which defines the value.
    fn definition(&mut self, c: &mut Cursor<'_>) -> Parsed<Value> {
        c.skip_space();
        let at = c.at;
        let id = self.id(c, "v", "a definition like `v0: int`")?;
        c.expect(":")?;
        let ty = type_name(c)?;
        let index = id as usize;
        if self.types.len() <= index {
            self.types.resize(index + 1, None);
        }
        if self.types[index].replace(ty).is_some() {
            return Err(c.error_at(at, format!("v{id} is defined twice")));
        }
        Ok(Value(id))
    }

    fn header(&mut self, c: &mut Cursor<'_>) -> Parsed<()> {
        c.expect_word("function")?;
        c.skip_space();
        self.f.name = if c.eat("\"") { quoted_name(c)? } else { plain_name(c)? };
        c.expect("(")?;
        c.expect_word("bytecode")?;
        c.expect_word("function")?;
        self.f.function = c.number("the number of a bytecode function")?;
        c.expect(",")?;
        c.expect_word("entry")?;
        c.expect_word("pc")?;
        self.f.entry_pc = c.number("a pc")?;
        c.expect(")")?;
        if c.eat("->") {
            self.f.result = Some(type_name(c)?);
        }
        c.end_of_line(self.f.function)?;
        Ok(())
    }

    fn block(&mut self, c: &mut Cursor<'_>) -> Parsed<()> {
        if self.open {
            return Err(c.expected("the end of the block before: `jump`, `branch`, `exit` or `return`"));
        }
        let number = self.f.blocks.len();
        let name = format!("b{number}");
        if !c.eat_word(&name) {
            return Err(c.expected(&format!("`{name}`, the next block")));
        }
        let mut params = Vec::new();
        if c.eat("(") {
            loop {
                let param = self.definition(c)?;
                params.push(param);
                if number == 0 {
                    c.expect("=")?;
                    let place = if c.eat_word("local") {
                        InputPlace::Local(c.number("a local's slot")?)
                    } else if c.eat_word("stack") {
                        InputPlace::Stack(c.number("a stack index")?)
                    } else {
                        return Err(c.expected("`local` or `stack`"));
                    };
                    let ty = self.types[param.index()].unwrap_or(Type::Boxed);
                    let sign = if c.eat(">=") {
                        Sign::NonNegative
                    } else if c.eat("<=") {
                        Sign::NonPositive
                    } else {
                        Sign::Any
                    };
                    if sign != Sign::Any && !c.eat_word("0") {
                        return Err(c.expected("`0`"));
                    }
                    self.f.inputs.push(Input { place, ty, sign });
                }
                if !c.eat(",") {
                    break;
                }
            }
            c.expect(")")?;
        }
        c.expect(":")?;
        let start = Origin { function: self.f.function, pc: 0 };
        let origin = c.end_of_line(self.f.function)?.unwrap_or(start);
        let end = Terminator::Exit { reason: ExitReason::Unreached, state: StateId(u32::MAX) };
        self.f.blocks.push(BlockData { params, insts: Vec::new(), end, origin });
        self.last = origin;
        self.open = true;
        Ok(())
    }

    fn target(&mut self, c: &mut Cursor<'_>) -> Parsed<Target> {
        let block = Block(self.id(c, "b", "a block like `b0`")?);
        let mut args = Vec::new();
        if c.eat("(") {
            loop {
                args.push(self.value(c)?);
                if !c.eat(",") {
                    break;
                }
            }
            c.expect(")")?;
        }
        Ok(Target { block, args })
    }

    fn body_line(&mut self, c: &mut Cursor<'_>) -> Parsed<()> {
        if !self.open {
            return Err(c.expected("a block like `b0:`, a frame state like `@0 = ...` or `unused`"));
        }
        let end = match c.peek_word() {
            "jump" => {
                c.expect_word("jump")?;
                Some(Terminator::Jump(self.target(c)?))
            }
            "branch" => {
                c.expect_word("branch")?;
                let condition = self.value(c)?;
                c.expect(",")?;
                let then = self.target(c)?;
                c.expect(",")?;
                let otherwise = self.target(c)?;
                let percent = if c.eat_word("true") {
                    let percent = c.number("a percentage")?;
                    c.expect("%")?;
                    Some(percent)
                } else {
                    None
                };
                Some(Terminator::Branch { condition, then, otherwise, percent })
            }
            "exit" => {
                c.expect_word("exit")?;
                let Some(reason) = ExitReason::from_name(c.peek_word()) else {
                    return Err(c.expected("an exit reason like `region_end`"));
                };
                c.word("an exit reason")?;
                Some(Terminator::Exit { reason, state: self.state(c)? })
            }
            "return" => {
                c.expect_word("return")?;
                Some(Terminator::Return(self.value(c)?))
            }
            _ => None,
        };
        if let Some(end) = end {
            c.end_of_line(self.f.function)?;
            if let Some(block) = self.f.blocks.last_mut() {
                block.end = end;
            }
            self.open = false;
            return Ok(());
        }
        let inst = self.inst(c)?;
        if let Some(block) = self.f.blocks.last_mut() {
            block.insts.push(inst);
        }
        Ok(())
    }

    fn inst(&mut self, c: &mut Cursor<'_>) -> Parsed<Inst> {
        let word = c.peek_word();
        let has_result =
            word.strip_prefix('v').is_some_and(|n| n.starts_with(|digit: char| digit.is_ascii_digit()));
        let result = if has_result {
            let value = self.definition(c)?;
            c.expect("=")?;
            Some(value)
        } else {
            None
        };
        c.skip_space();
        let at = c.at;
        let Some(op) = Opcode::from_name(c.peek_word()) else {
            return Err(c.expected("an instruction, `jump`, `branch`, `exit` or `return`"));
        };
        c.word("an instruction")?;
        if op.has_result() != result.is_some() {
            let which = if result.is_some() {
                "has no result"
            } else {
                "has a result: expected `v0: type = ` before it"
            };
            return Err(c.error_at(at, format!("`{}` {which}", op.name())));
        }
        let imm = if op == Opcode::Call { self.call(c)? } else { imm(c, op)? };
        let mut args = [Value(0); 3];
        for (i, arg) in args.iter_mut().enumerate().take(op.operands().len()) {
            if i != 0 {
                c.expect(",")?;
            }
            *arg = self.value(c)?;
        }
        let state = match op.exit_reason() {
            Some(_) => {
                c.expect_word("exit")?;
                Some(self.state(c)?)
            }
            None => None,
        };
        if let Some(origin) = c.end_of_line(self.f.function)? {
            self.last = origin;
        }
        Ok(Inst { op, args, imm, state, result, origin: self.last })
    }

    /// `f1 link 3 cost 7 (v0, v1)`, or with `self` for `link 3`.
    fn call(&mut self, c: &mut Cursor<'_>) -> Parsed<Imm> {
        let callee = c.prefixed("f", "a bytecode function like `f0`")?;
        let link = if c.eat_word("self") {
            None
        } else {
            c.expect_word("link")?;
            Some(c.number("the number of a link")?)
        };
        let level = if c.eat_word("level") { c.number("how many inlined calls are around it")? } else { 0 };
        let deep = c.eat_word("deep");
        c.expect_word("cost")?;
        let cost = c.number("a cost")?;
        let counter = if c.eat_word("count") { Some(c.number("the number of a counter")?) } else { None };
        c.expect("(")?;
        let mut args = Vec::new();
        while !c.eat(")") {
            if !args.is_empty() {
                c.expect(",")?;
            }
            args.push(self.value(c)?);
        }
        self.f.calls.push(CallSite { callee, link, level, deep, cost, counter, args });
        Ok(Imm::Call(CallId(self.f.calls.len() as u32 - 1)))
    }

    fn frame_state(&mut self, c: &mut Cursor<'_>) -> Parsed<()> {
        if self.open {
            return Err(c.expected("the end of the block before: `jump`, `branch`, `exit` or `return`"));
        }
        c.skip_space();
        let at = c.at;
        c.expect("@")?;
        let number: u32 = c.number("the number of a frame state")?;
        if number as usize != self.f.states.len() {
            return Err(c.error_at(at, format!("expected `@{}`, the next frame state", self.f.states.len())));
        }
        c.expect("=")?;
        let function = c.prefixed("f", "a bytecode function like `f0`")?;
        c.expect(":")?;
        let pc = c.prefixed("pc", "a pc like `pc4`")?;
        let resume = if c.eat_word("execute") {
            Resume::Execute
        } else if c.eat_word("transfer") {
            Resume::Transfer { back_edge: c.eat_word("back_edge") }
        } else {
            return Err(c.expected("`execute` or `transfer`"));
        };
        c.expect_word("locals")?;
        c.expect("[")?;
        let mut locals = Vec::new();
        while !c.eat("]") {
            locals.push(if c.eat_word("-") { None } else { Some(self.value(c)?) });
        }
        c.expect_word("stack")?;
        c.expect("[")?;
        let mut stack = Vec::new();
        while !c.eat("]") {
            stack.push(self.value(c)?);
        }
        let caller = if c.eat_word("caller") { Some(self.state(c)?) } else { None };
        let ahead = if c.eat_word("ahead") {
            Ahead { cost: c.number("an amount of fuel")?, rounds: rounds(c)? }
        } else {
            Ahead::default()
        };
        let side = if c.eat_word("side") { Some(c.number("the number of a side")?) } else { None };
        c.end_of_line(self.f.function)?;
        self.f.states.push(FrameState { function, pc, resume, locals, stack, caller, ahead, side });
        Ok(())
    }
}

fn type_name(c: &mut Cursor<'_>) -> Parsed<Type> {
    let what = "a type: `int`, `float`, `bool` or `boxed`";
    let ty = match c.peek_word() {
        "int" => Type::Int,
        "float" => Type::Float,
        "bool" => Type::Bool,
        "boxed" => Type::Boxed,
        _ => return Err(c.expected(what)),
    };
    c.word(what)?;
    Ok(ty)
}

fn plain_name(c: &mut Cursor<'_>) -> Parsed<String> {
    let rest = c.rest();
    let end = rest.find(|ch: char| ch.is_whitespace() || ch == '(').unwrap_or(rest.len());
    let name = &rest[..end];
    if !crate::print::is_plain_name(name) {
        return Err(c.expected("a name"));
    }
    c.at += end;
    Ok(name.to_owned())
}

/// The rest of a name in quotes, with the escapes of Rust's `escape_default`.
fn quoted_name(c: &mut Cursor<'_>) -> Parsed<String> {
    let mut name = String::new();
    loop {
        let Some(ch) = c.rest().chars().next() else { return Err(c.expected("`\"`")) };
        let at = c.at;
        c.at += ch.len_utf8();
        match ch {
            '"' => return Ok(name),
            '\\' => {
                let escape = c.rest().chars().next();
                c.at += escape.map_or(0, char::len_utf8);
                let unescaped = match escape {
                    Some('n') => Some('\n'),
                    Some('r') => Some('\r'),
                    Some('t') => Some('\t'),
                    Some(same @ ('\\' | '"' | '\'')) => Some(same),
                    Some('u') => {
                        c.rest().strip_prefix('{').and_then(|r| r.split_once('}')).and_then(|(hex, _)| {
                            c.at += hex.len() + 2;
                            u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)
                        })
                    }
                    _ => None,
                };
                name.push(
                    unescaped.ok_or_else(|| c.error_at(at, "expected an escape like `\\n` or `\\u{e4}`"))?,
                );
            }
            _ => name.push(ch),
        }
    }
}

/// The immediate that this operation needs.
fn imm(c: &mut Cursor<'_>, op: Opcode) -> Parsed<Imm> {
    fn named<T: Copy>(c: &mut Cursor<'_>, all: &[T], name: fn(T) -> &'static str, what: &str) -> Parsed<T> {
        let word = c.peek_word();
        match all.iter().copied().find(|&x| name(x) == word) {
            Some(found) => {
                c.word(what)?;
                Ok(found)
            }
            None => Err(c.expected(what)),
        }
    }
    Ok(match op {
        Opcode::ConstInt => Imm::Int(c.number("an int of 64 bits")?),
        Opcode::ConstFloat => Imm::Float(float(c)?),
        Opcode::ConstBool => {
            if c.eat_word("true") {
                Imm::Bool(true)
            } else if c.eat_word("false") {
                Imm::Bool(false)
            } else {
                return Err(c.expected("`true` or `false`"));
            }
        }
        Opcode::ConstBoxed => Imm::Boxed(hex(c)?),
        Opcode::IntCompare | Opcode::FloatCompare => {
            Imm::Cmp(named(c, &Cmp::ALL, cmp_name, "a comparison like `lt`")?)
        }
        Opcode::CallBinary => {
            let builtins = Builtin2::ALL.iter().copied().map(BinOp::Call);
            let all: Vec<BinOp> = BinOp::ALL.into_iter().chain(builtins).collect();
            Imm::BinOp(named(c, &all, binop_name, "a binary operation like `add`")?)
        }
        Opcode::CallUnary => {
            let builtins = Builtin1::ALL.iter().copied().map(UnOp::Call);
            let all: Vec<UnOp> = UnOp::ALL.into_iter().chain(builtins).collect();
            Imm::UnOp(named(c, &all, unop_name, "a unary operation like `neg`")?)
        }
        Opcode::CallRoutine => Imm::Routine {
            routine: named(c, Routine::ALL, Routine::name, "a routine like `index`")?,
            inputs: c.number("a number of arguments")?,
            detail: c.number("a number")?,
        },
        Opcode::GuardShape => Imm::Shape(named(c, &Shape::ALL, Shape::name, "a shape like `list`")?),
        Opcode::LoadSlot | Opcode::LoadCount | Opcode::StoreCount => {
            Imm::Field(c.number("the number of a slot")?)
        }
        Opcode::Argument => Imm::Argument(c.number("the place of an argument")?),
        Opcode::LoadGlobal | Opcode::StoreGlobal => Imm::Slot(c.prefixed("g", "a global like `g0`")?),
        Opcode::Count | Opcode::CountIf => Imm::Counter(c.number("the number of a counter")?),
        Opcode::CheckDepth => Imm::Depth(c.number("a number of calls")?),
        Opcode::Charge | Opcode::Refund | Opcode::RefundIf => {
            Imm::Charge { cost: c.number("a cost")?, rounds: rounds(c)? }
        }
        _ => Imm::None,
    })
}

/// The rounds that go with an amount of fuel: `back_edge` for one.
fn rounds(c: &mut Cursor<'_>) -> Parsed<u32> {
    Ok(match c.eat_word("back_edge") {
        true => 1,
        false if c.eat_word("rounds") => c.number("how many rounds")?,
        false => 0,
    })
}

fn hex(c: &mut Cursor<'_>) -> Parsed<u64> {
    let what = "64 bits like `0x1f`";
    let digits = c.peek_word().strip_prefix("0x").filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
    let Some(bits) = digits.and_then(|d| u64::from_str_radix(d, 16).ok()) else {
        return Err(c.expected(what));
    };
    c.word(what)?;
    Ok(bits)
}

fn float(c: &mut Cursor<'_>) -> Parsed<u64> {
    let what = "a float like `1.0`, `-inf` or `nan:0x7ff8000000000000`";
    if c.eat("nan:") {
        let at = c.at;
        let bits = hex(c)?;
        if !f64::from_bits(bits).is_nan() {
            return Err(c.error_at(at, "expected the bits of a NaN"));
        }
        return Ok(bits);
    }
    match c.peek_word().parse::<f64>() {
        Ok(value) if !value.is_nan() => {
            c.word(what)?;
            Ok(value.to_bits())
        }
        _ => Err(c.expected(what)),
    }
}

/// Reads a function.
///
/// # Errors
/// The first place where the text is not of the form that [`crate::print`] gives.
pub fn parse(text: &str) -> Result<Function, ParseError> {
    let mut p = Parser {
        f: Function::new(String::new(), 0, 0),
        types: Vec::new(),
        uses: Vec::new(),
        limit: text.len(),
        last: Origin { function: 0, pc: 0 },
        open: false,
    };
    let mut seen_header = false;
    let mut line = 0;
    for (i, text) in text.lines().enumerate() {
        line = i + 1;
        let mut c = Cursor { line, text, at: 0 };
        c.skip_space();
        let word = c.peek_word();
        if c.rest().is_empty() || c.rest().starts_with(';') {
            continue;
        }
        if !seen_header {
            p.header(&mut c)?;
            seen_header = true;
        } else if c.rest().starts_with('@') {
            p.frame_state(&mut c)?;
        } else if word == "unused" && !p.open {
            c.expect_word("unused")?;
            p.definition(&mut c)?;
            c.end_of_line(p.f.function)?;
        } else if word.strip_prefix('b').is_some_and(|n| n.starts_with(|d: char| d.is_ascii_digit())) {
            p.block(&mut c)?;
        } else {
            p.body_line(&mut c)?;
        }
    }
    let at_end = |message: String| ParseError { line: line.max(1), column: 1, message };
    if !seen_header {
        return Err(at_end("expected `function name (bytecode function 0, entry pc 0)`".to_owned()));
    }
    if p.open {
        return Err(at_end(
            "expected the end of the last block: `jump`, `branch`, `exit` or `return`".to_owned(),
        ));
    }
    for &(value, line, column) in &p.uses {
        if p.types.get(value.index()).copied().flatten().is_none() {
            return Err(ParseError { line, column, message: format!("{value} is not defined") });
        }
    }
    for (v, ty) in p.types.into_iter().enumerate() {
        let Some(ty) = ty else {
            return Err(at_end(format!(
                "v{v} is not defined, but a higher value is; add `unused v{v}: int`"
            )));
        };
        p.f.types.push(ty);
    }
    Ok(p.f)
}
