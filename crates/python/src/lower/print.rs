//! `print`.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//! All arguments are evaluated before the first is written; each is then turned into text and written before the next,
//! as in CPython.

use super::displays::{has_star, only_star};
use super::{Code, Lower};
use crate::ast::{Expr, ExprKind, Keyword, Span};
use crate::feature::Feature;
use bytecode::{Builtin1, Const, Op};

/// What stands between the values, or after them.
enum Text {
    Known(String),
    /// A local that holds a str.
    Local(u32),
}

/// So many bytes of separators may be copied between the values of one call.
const MAX_COPIED: usize = 1 << 10;

/// A thing to be written.
enum Item<'a> {
    Text(String),
    Local(u32),
    Value(&'a Expr),
    Held(u32),
}

impl Lower<'_, '_, '_> {
    /// A call of `print` as a statement; whether it was one.
    pub(super) fn statement_call(&mut self, code: &mut Code, expr: &Expr) -> bool {
        let ExprKind::Call { callee, args, keywords } = &expr.kind else { return false };
        let ExprKind::Name(name) = &callee.kind else { return false };
        if &**name != "print" || self.binding(code, name).is_some() {
            return false;
        }
        self.print(code, args, keywords, expr.span);
        true
    }

    /// Writes; leaves nothing on the stack.
    pub(super) fn print(&mut self, code: &mut Code, args: &[Expr], keywords: &[Keyword], span: Span) {
        if has_star(args) {
            return self.print_all(code, args, keywords, span);
        }
        // Values that nothing can change or fail on are read where they are written.
        let known = keywords.iter().all(|k| matches!(k.value.kind, ExprKind::Const(_)));
        let plain = args.len() == 1 && known || args.iter().all(|arg| self.is_plain(code, arg));
        let mut held = Vec::new();
        if !plain {
            for arg in args {
                held.push(match arg.kind {
                    ExprKind::Const(_) => None,
                    _ => {
                        self.expr(code, arg);
                        Some(self.store_temp(code))
                    }
                });
            }
        }
        let (mut separator, end) = self.options(code, keywords);
        // A long one is put between many values from a local.
        if let Text::Known(text) = &separator
            && text.len().saturating_mul(args.len()) > MAX_COPIED
        {
            self.push_str(code, text);
            separator = Text::Local(self.store_temp(code));
        }
        let mut items = Vec::new();
        for (at, arg) in args.iter().enumerate() {
            if at > 0 {
                items.push(item(&separator));
            }
            items.push(match (&arg.kind, held.get(at).copied().flatten()) {
                (_, Some(slot)) => Item::Held(slot),
                (ExprKind::Const(Const::Str(text)), None) => Item::Text(text.to_string()),
                (_, None) => Item::Value(arg),
            });
        }
        items.push(item(&end));
        self.write(code, items, span);
        held.into_iter().flatten().rev().for_each(|slot| code.release(slot));
        for text in [separator, end] {
            if let Text::Local(slot) = text {
                code.release(slot);
            }
        }
    }

    /// Evaluates the options: what stands between the values, and after them.
    fn options(&mut self, code: &mut Code, keywords: &[Keyword]) -> (Text, Text) {
        let (mut separator, mut end) = (Text::Known(" ".to_owned()), Text::Known("\n".to_owned()));
        for keyword in keywords {
            match &*keyword.name {
                "sep" => separator = self.option(code, &keyword.value, "sep", " "),
                "end" => end = self.option(code, &keyword.value, "end", "\n"),
                "flush" => {
                    self.expr(code, &keyword.value);
                    code.f.op(Op::Pop);
                }
                name => {
                    self.refuse_name(keyword.span, Feature::PrintOption, name);
                    self.look_at(code, &keyword.value);
                }
            }
        }
        (separator, end)
    }

    /// Writes values of which it is not known how many there are.
    fn print_all(&mut self, code: &mut Code, args: &[Expr], keywords: &[Keyword], span: Span) {
        // Only then it is gone through when everything is evaluated.
        let (separator, end) = match only_star(args) {
            Some(values) => {
                self.expr(code, values);
                let options = self.options(code, keywords);
                self.star_argument(code, "print", span);
                options
            }
            None => {
                self.list(code, args, span);
                self.options(code, keywords)
            }
        };
        code.f.op(Op::Iter);
        let iterator = self.store_temp(code);
        let later = code.temp();
        self.push(code, Const::Bool(false));
        code.f.emit(Op::StoreLocal, later);
        let (top, first, done) = (code.f.label(), code.f.label(), code.f.label());
        code.f.bind(top);
        self.at(code, span);
        code.f.emit(Op::LoadLocal, iterator);
        code.f.op(Op::IterMore);
        code.f.jump(Op::JumpIfZero, done);
        code.f.emit(Op::LoadLocal, later);
        code.f.jump(Op::JumpIfZero, first);
        self.write(code, vec![item(&separator)], span);
        code.f.bind(first);
        self.push(code, Const::Bool(true));
        code.f.emit(Op::StoreLocal, later);
        code.f.emit(Op::LoadLocal, iterator);
        code.f.op(Op::IterValue);
        code.f.emit(Op::Builtin1, Builtin1::Str.number());
        code.f.op(Op::PrintChar);
        code.f.jump(Op::Jump, top);
        code.f.bind(done);
        self.write(code, vec![item(&end)], span);
        for text in [separator, end] {
            if let Text::Local(slot) = text {
                code.release(slot);
            }
        }
        code.release(later);
        code.release(iterator);
    }

    fn write(&mut self, code: &mut Code, items: Vec<Item<'_>>, span: Span) {
        let mut text = String::new();
        let mut items = items.into_iter().peekable();
        while let Some(one) = items.next() {
            if let Item::Text(more) = one {
                text.push_str(&more);
                continue;
            }
            self.write_text(code, &mut text);
            let line_ends = items.next_if(|next| matches!(next, Item::Text(t) if t == "\n")).is_some();
            match one {
                Item::Value(expr) => self.expr(code, expr),
                Item::Held(slot) | Item::Local(slot) => _ = code.f.emit(Op::LoadLocal, slot),
                Item::Text(_) => {}
            }
            self.at(code, span);
            if line_ends {
                code.f.op(Op::Print);
            } else {
                code.f.emit(Op::Builtin1, Builtin1::Str.number());
                code.f.op(Op::PrintChar);
            }
        }
        self.at(code, span);
        self.write_text(code, &mut text);
    }

    fn write_text(&mut self, code: &mut Code, text: &mut String) {
        if text.is_empty() {
            return;
        }
        match text.strip_suffix('\n') {
            Some(line) => {
                self.push_str(code, line);
                code.f.op(Op::Print);
            }
            None => {
                self.push_str(code, text);
                code.f.op(Op::PrintChar);
            }
        }
        text.clear();
    }

    /// `sep=` or `end=`: a str, or `None` for the usual.
    fn option(&mut self, code: &mut Code, value: &Expr, name: &str, usual: &str) -> Text {
        match &value.kind {
            ExprKind::Const(Const::Str(text)) => return Text::Known(text.to_string()),
            ExprKind::Const(Const::None) => return Text::Known(usual.to_owned()),
            _ => {}
        }
        self.expr(code, value);
        let slot = self.store_temp(code);
        let kind = |lower: &mut Self, code: &mut Code, class: &str| {
            code.f.emit(Op::LoadLocal, slot);
            code.f.emit(Op::Builtin1, Builtin1::TypeName.number());
            lower.push_str(code, class);
            code.f.op(Op::Eq);
        };
        let (some, fine) = (code.f.label(), code.f.label());
        kind(self, code, "NoneType");
        code.f.jump(Op::JumpIfZero, some);
        self.push_str(code, usual);
        code.f.emit(Op::StoreLocal, slot);
        code.f.bind(some);
        kind(self, code, "str");
        code.f.jump(Op::JumpIfNotZero, fine);
        self.push_str(code, "TypeError");
        self.push_str(code, &format!("{name} must be None or a string, not "));
        code.f.emit(Op::LoadLocal, slot);
        code.f.emit(Op::Builtin1, Builtin1::TypeName.number());
        code.f.op(Op::Add);
        code.f.op(Op::Raise);
        code.f.bind(fine);
        Text::Local(slot)
    }
}

fn item<'a>(text: &Text) -> Item<'a> {
    match text {
        Text::Known(text) => Item::Text(text.clone()),
        Text::Local(slot) => Item::Local(*slot),
    }
}
