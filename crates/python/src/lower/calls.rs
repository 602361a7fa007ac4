//! Calls of the program's own functions: which argument fills which parameter is known here.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//! A call that does not fit its function is Python's `TypeError` when it is reached, after its arguments have been
//! evaluated.

use super::displays::{has_star, only_star};
use super::{Code, Lower, default_name};
use crate::ast::{Expr, ExprKind, Function, Import, Keyword, Module, Name, Param, Span};
use crate::feature::Feature;
use crate::names;
use crate::scope::Binding;
use bytecode::{Builtin1, Const, Op, Routine};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// What fills a parameter.
#[derive(Clone, Copy)]
enum Filled {
    Positional(usize),
    Keyword(usize),
    Default,
}

impl Filled {
    /// The number of the argument among all, positional ones first.
    fn number(self, positional: usize) -> Option<usize> {
        match self {
            Filled::Positional(at) => Some(at),
            Filled::Keyword(at) => Some(positional + at),
            Filled::Default => None,
        }
    }
}

/// How many instructions a parameter takes in a call with `*a`.
const PER_PARAMETER: usize = 12;

/// What CPython calls the module of the program.
const MODULE_NAME: &str = "__main__";

impl Lower<'_, '_, '_> {
    pub(super) fn call(
        &mut self,
        code: &mut Code,
        callee: &Expr,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) {
        if let Some(import) = self.as_import(code, callee) {
            self.refuse_stars(args);
            return self.call_import(code, &import, args, keywords, span);
        }
        match &callee.kind {
            ExprKind::Name(name) => match self.binding(code, name) {
                Some(Binding::Function(index)) if has_star(args) => {
                    return self.call_with_star(code, index, args, keywords, span);
                }
                Some(Binding::Function(index)) => {
                    return self.call_function(code, index, args, keywords, span);
                }
                None if names::is_exception(name) && keywords.is_empty() => {
                    self.refuse_stars(args);
                    return self.new_exception(code, name, args);
                }
                None if names::is_builtin(name) => {
                    return self.call_builtin(code, name, callee.span, args, keywords, span);
                }
                // An error of the program when it is reached: the name is looked up first.
                None => return self.raise_name_error(code, name),
                Some(_) => self.refuse_name(callee.span, Feature::CallOfValue, name),
            },
            ExprKind::Attribute(base, attribute) => {
                return self.call_method(code, (base, attribute, callee.span), args, keywords);
            }
            ExprKind::Refused => {}
            _ => {
                self.refuse(callee.span, Feature::CallOfValue);
                self.look_at(code, callee);
            }
        }
        self.look_at_arguments(code, args, keywords);
        self.push(code, Const::None);
    }

    /// Looks for what is not supported in the arguments of a call that will not run.
    pub(super) fn look_at_arguments(&mut self, code: &mut Code, args: &[Expr], keywords: &[Keyword]) {
        args.iter().for_each(|arg| self.look_at(code, arg));
        keywords.iter().for_each(|keyword| self.look_at(code, &keyword.value));
    }

    /// Arguments with stars are known when the program runs; which parameters they fill is not.
    pub(super) fn refuse_stars(&mut self, args: &[Expr]) {
        for arg in args.iter().filter(|arg| matches!(arg.kind, ExprKind::Starred(_))) {
            self.refuse(arg.span, Feature::StarArgument);
        }
    }

    fn call_import(
        &mut self,
        code: &mut Code,
        import: &Import,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) {
        match import {
            Import::Item(Module::Math, item) => return self.call_math(code, item, args, keywords, span),
            Import::Item(Module::Sys, item) if let Some(setting) = names::setting(item) => {
                return self.call_setting(code, setting, args, keywords, span);
            }
            Import::Item(_, item) => self.refuse_name(span, Feature::ImportItem, item),
            Import::Module(_) => self.refuse(span, Feature::ModuleValue),
        }
        self.look_at_arguments(code, args, keywords);
        self.push(code, Const::None);
    }

    /// A call of a function of `sys` that reads or changes a setting.
    fn call_setting(
        &mut self,
        code: &mut Code,
        setting: &names::Setting,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) {
        let name = setting.name;
        let given = match (args, keywords) {
            (args, []) => args,
            ([], [one]) if Some(&*one.name) == setting.keyword => std::slice::from_ref(&one.value),
            _ => {
                self.refuse_name(span, Feature::BuiltinCall, name);
                self.look_at_arguments(code, args, keywords);
                return self.push(code, Const::None);
            }
        };
        match (setting.takes_value, given) {
            (true, [value]) => self.expr(code, value),
            (false, []) => self.push(code, Const::None),
            _ => {
                self.look_at_arguments(code, args, keywords);
                self.at(code, span);
                let takes = if setting.takes_value { "exactly one argument" } else { "no arguments" };
                return self.raise(
                    code,
                    "TypeError",
                    &format!("sys.{name}() takes {takes} ({} given)", given.len()),
                );
            }
        }
        self.at(code, span);
        code.f.emit(Op::Builtin1, setting.builtin.number());
    }

    fn call_function(
        &mut self,
        code: &mut Code,
        index: usize,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) {
        let scopes = self.scopes;
        let def = &scopes.functions[index].def;
        if let Some(flag) = self.global_flag(code, &def.name) {
            self.check_bound(code, flag, &def.name, span, false);
        }
        // Defaults are pushed, and names listed, that the call does not mention.
        if !self.may_expand(def.params.len().saturating_sub(args.len() + keywords.len()), span) {
            self.look_at_arguments(code, args, keywords);
            return self.push(code, Const::None);
        }
        let bound = match bind(def, args.len(), keywords) {
            Ok(bound) => bound,
            Err(message) => {
                self.look_at_arguments(code, args, keywords);
                self.at(code, span);
                if !self.may_expand(message.len(), span) {
                    return self.push(code, Const::None);
                }
                return self.raise(code, "TypeError", &message);
            }
        };
        // They are evaluated as written and pushed as declared.
        let all: Vec<&Expr> = args.iter().chain(keywords.iter().map(|k| &k.value)).collect();
        let numbers = bound.filled.iter().filter_map(|filled| filled.number(args.len()));
        let numbers = numbers.chain(bound.rest.clone()).chain(bound.others.iter().map(|at| args.len() + at));
        let mut held = Vec::new();
        if !numbers.is_sorted() {
            for expr in &all {
                self.expr(code, expr);
                held.push(self.store_temp(code));
            }
        }
        let give = |lower: &mut Self, code: &mut Code, number: usize| match held.get(number) {
            Some(&slot) => _ = code.f.emit(Op::LoadLocal, slot),
            None => all.get(number).into_iter().for_each(|expr| lower.expr(code, expr)),
        };
        for (at, filled) in bound.filled.iter().enumerate() {
            match filled.number(args.len()) {
                Some(number) => give(self, code, number),
                None => self.default(code, index, at),
            }
        }
        if def.rest.is_some() {
            let count = bound.rest.len() as u32;
            bound.rest.for_each(|number| give(self, code, number));
            code.f.emit(Op::Tuple, count);
        }
        if def.others.is_some() {
            for &at in &bound.others {
                self.push_str(code, &keywords[at].name);
                give(self, code, args.len() + at);
            }
            code.f.emit(Op::Dict, bound.others.len() as u32);
        }
        held.into_iter().rev().for_each(|slot| code.release(slot));
        self.at(code, span);
        code.f.emit(Op::Call, self.ids[index].0);
    }

    /// A call with `*a` among its arguments: which parameters they fill is found out when it runs.
    fn call_with_star(
        &mut self,
        code: &mut Code,
        index: usize,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) {
        let scopes = self.scopes;
        let def = &scopes.functions[index].def;
        if let Some(flag) = self.global_flag(code, &def.name) {
            self.check_bound(code, flag, &def.name, span, false);
        }
        if !self.may_expand(PER_PARAMETER * def.params.len(), span) {
            self.look_at_arguments(code, args, keywords);
            return self.push(code, Const::None);
        }
        let only = only_star(args);
        match only {
            Some(values) => self.expr(code, values),
            None => self.list(code, args, span),
        }
        let mut named = Vec::new();
        for keyword in keywords {
            self.expr(code, &keyword.value);
            named.push(self.store_temp(code));
        }
        if only.is_some() {
            self.star_argument(code, &format!("{MODULE_NAME}.{}", def.name), span);
        }
        self.at(code, span);
        code.f.op(Op::Dup);
        code.f.emit(Op::Builtin1, Builtin1::Len.number());
        let count = self.store_temp(code);
        let values = self.store_temp(code);
        let found = self.bind_names(code, def, keywords, count, span);
        let Some((filled, others)) = found else {
            return self.push(code, Const::None);
        };
        self.check_count(code, def, &filled, count);
        for (at, keyword) in filled.iter().enumerate() {
            let (next, missing) = (code.f.label(), code.f.label());
            if let Some(keyword) = keyword {
                code.f.emit(Op::LoadLocal, named[*keyword]);
                continue;
            }
            if at < def.positional {
                code.f.emit(Op::LoadLocal, count);
                self.push(code, Const::Int(at as i64));
                code.f.op(Op::Gt);
                code.f.jump(Op::JumpIfZero, missing);
                code.f.emit(Op::LoadLocal, values);
                self.push(code, Const::Int(at as i64));
                code.f.op(Op::Index);
                code.f.jump(Op::Jump, next);
                code.f.bind(missing);
            }
            if def.params[at].default.is_some() {
                self.default(code, index, at);
            } else {
                let given = filled.iter().zip(&def.params).enumerate();
                let is_given = given.map(|(other, (keyword, param))| {
                    other < at || keyword.is_some() || param.default.is_some()
                });
                let message = missing_arguments(def, &is_given.collect::<Vec<_>>()).unwrap_or_default();
                if self.may_expand(message.len(), span) {
                    self.raise(code, "TypeError", &message);
                }
            }
            code.f.bind(next);
        }
        if def.rest.is_some() {
            code.f.emit(Op::LoadLocal, values);
            self.push(code, Const::Int(def.positional as i64));
            self.push(code, Const::None);
            self.push(code, Const::None);
            code.f.op(Op::Slice);
            code.f.op(Op::Index);
            self.routine(code, Routine::TupleOf, span);
        }
        if def.others.is_some() {
            for &at in &others {
                self.push_str(code, &keywords[at].name);
                code.f.emit(Op::LoadLocal, named[at]);
            }
            code.f.emit(Op::Dict, others.len() as u32);
        }
        named.into_iter().chain([count, values]).for_each(|slot| code.release(slot));
        self.at(code, span);
        code.f.emit(Op::Call, self.ids[index].0);
    }

    /// Which keyword fills which parameter, and which ones none, where the number of positional arguments is in a local. Gives nothing
    /// where one does not fit, which raises.
    fn bind_names(
        &mut self,
        code: &mut Code,
        def: &Function,
        keywords: &[Keyword],
        count: u32,
        span: Span,
    ) -> Option<(Vec<Option<usize>>, Vec<usize>)> {
        let bound = match bind(&by_name_only(def), 0, keywords) {
            Ok(bound) => bound,
            Err(message) => {
                if self.may_expand(message.len(), span) {
                    self.raise(code, "TypeError", &message);
                }
                return None;
            }
        };
        let filled: Vec<Option<usize>> = bound
            .filled
            .iter()
            .map(|filled| match filled {
                Filled::Keyword(at) => Some(*at),
                Filled::Positional(_) | Filled::Default => None,
            })
            .collect();
        for (at, param) in def.params[..def.positional].iter().enumerate() {
            if filled[at].is_none() {
                continue;
            }
            let fine = code.f.label();
            code.f.emit(Op::LoadLocal, count);
            self.push(code, Const::Int(at as i64));
            code.f.op(Op::Gt);
            code.f.jump(Op::JumpIfZero, fine);
            self.raise(code, "TypeError", &multiple_values(def, &param.name));
            code.f.bind(fine);
        }
        Some((filled, bound.others))
    }

    /// Raises if there are more positional arguments than parameters; their number is in a local.
    fn check_count(&mut self, code: &mut Code, def: &Function, filled: &[Option<usize>], count: u32) {
        if def.rest.is_some() {
            return;
        }
        const NUMBER: usize = 7_777_777;
        let given: Vec<bool> = filled.iter().map(Option::is_some).collect();
        let fine = code.f.label();
        code.f.emit(Op::LoadLocal, count);
        self.push(code, Const::Int(def.positional as i64));
        code.f.op(Op::Gt);
        code.f.jump(Op::JumpIfZero, fine);
        if def.positional == 0 {
            let more = code.f.label();
            code.f.emit(Op::LoadLocal, count);
            self.push(code, Const::Int(1));
            code.f.op(Op::Eq);
            code.f.jump(Op::JumpIfZero, more);
            self.raise(code, "TypeError", &too_many(def, 1, &given));
            code.f.bind(more);
        }
        let message = too_many(def, NUMBER, &given);
        let (before, after) = message.split_once(&NUMBER.to_string()).unwrap_or((&message, ""));
        self.push_str(code, "TypeError");
        self.push_str(code, before);
        code.f.emit(Op::LoadLocal, count);
        code.f.emit(Op::Builtin1, Builtin1::Str.number());
        code.f.op(Op::Add);
        self.push_str(code, after);
        code.f.op(Op::Add);
        code.f.op(Op::Raise);
        code.f.bind(fine);
    }

    fn default(&mut self, code: &mut Code, index: usize, at: usize) {
        let scopes = self.scopes;
        let def = &scopes.functions[index].def;
        let param = &def.params[at];
        match param.default.as_ref().map(|d| &d.kind) {
            Some(ExprKind::Const(constant)) => self.push(code, constant.clone()),
            _ => {
                let global = self.program.global(&default_name(index, at));
                code.f.emit(Op::LoadGlobal, global);
            }
        }
    }
}

/// Which argument fills which parameter.
struct Bound {
    filled: Vec<Filled>,
    /// The positional arguments that `*rest` gets, by their numbers.
    rest: Range<usize>,
    /// The keywords that `**others` gets, by their numbers.
    others: Vec<usize>,
}

/// The same function, but for that positional arguments are none of its business.
fn by_name_only(def: &Function) -> Function {
    let params = def.params.iter().map(|param| Param {
        name: param.name.clone(),
        default: Some(Expr { span: Span::default(), kind: ExprKind::Const(Const::None) }),
    });
    Function {
        name: def.name.clone(),
        name_span: def.name_span,
        params: params.collect(),
        positional_only: def.positional_only,
        positional: def.positional,
        rest: def.rest.clone(),
        others: def.others.clone(),
        body: Vec::new(),
    }
}

fn multiple_values(def: &Function, param: &Name) -> String {
    format!("{}() got multiple values for argument '{param}'", def.name)
}

/// Finds out which argument fills which parameter.
///
/// # Errors
/// What Python says if they do not fit.
fn bind(def: &Function, given: usize, keywords: &[Keyword]) -> Result<Bound, String> {
    let name = &def.name;
    let positional = def.positional;
    let mut filled: Vec<Option<Filled>> = vec![None; def.params.len()];
    for (at, place) in filled.iter_mut().take(positional.min(given)).enumerate() {
        *place = Some(Filled::Positional(at));
    }
    let numbers: HashMap<&Name, usize> = match keywords {
        [] => HashMap::new(),
        _ => def.params.iter().map(|p| &p.name).zip(0..).collect(),
    };
    let mut others = Vec::new();
    for (at, keyword) in keywords.iter().enumerate() {
        let found = numbers.get(&keyword.name).copied();
        match found.filter(|&at| at >= def.positional_only) {
            None if def.others.is_some() => others.push(at),
            None => {
                let given: HashSet<&Name> = keywords.iter().map(|k| &k.name).collect();
                let wrongly: Vec<String> = def.params[..def.positional_only]
                    .iter()
                    .filter(|p| given.contains(&p.name))
                    .map(|p| p.name.to_string())
                    .collect();
                return Err(if wrongly.is_empty() {
                    format!("{name}() got an unexpected keyword argument '{}'", keyword.name)
                } else {
                    let wrongly = wrongly.join(", ");
                    format!(
                        "{name}() got some positional-only arguments passed as keyword arguments: '{wrongly}'"
                    )
                });
            }
            Some(parameter) if filled[parameter].is_some() => {
                return Err(multiple_values(def, &keyword.name));
            }
            Some(parameter) => filled[parameter] = Some(Filled::Keyword(at)),
        }
    }
    if given > positional && def.rest.is_none() {
        let filled: Vec<bool> = filled.iter().map(Option::is_some).collect();
        return Err(too_many(def, given, &filled));
    }
    for (place, param) in filled.iter_mut().zip(&def.params) {
        if place.is_none() && param.default.is_some() {
            *place = Some(Filled::Default);
        }
    }
    let is_given: Vec<bool> = filled.iter().map(Option::is_some).collect();
    match missing_arguments(def, &is_given) {
        Some(message) => Err(message),
        None => Ok(Bound {
            filled: filled.into_iter().flatten().collect(),
            rest: positional.min(given)..given,
            others,
        }),
    }
}

/// What Python says of parameters that nothing fills, if there are any.
fn missing_arguments(def: &Function, is_given: &[bool]) -> Option<String> {
    let positional = def.positional;
    let missing = |from: usize, to: usize| -> Vec<String> {
        let names = is_given[from..to].iter().zip(&def.params[from..to]);
        names.filter(|(given, _)| !**given).map(|(_, p)| format!("'{}'", p.name)).collect()
    };
    for (kind, names) in
        [("positional", missing(0, positional)), ("keyword-only", missing(positional, def.params.len()))]
    {
        if names.is_empty() {
            continue;
        }
        let plural = if names.len() == 1 { "" } else { "s" };
        let list = match names.as_slice() {
            [one] => one.clone(),
            [one, two] => format!("{one} and {two}"),
            [first @ .., last] => format!("{}, and {last}", first.join(", ")),
            [] => String::new(),
        };
        let count = names.len();
        return Some(format!("{}() missing {count} required {kind} argument{plural}: {list}", def.name));
    }
    None
}

fn too_many(def: &Function, given: usize, filled: &[bool]) -> String {
    let positional = def.positional;
    let defaults = def.params[..positional].iter().filter(|p| p.default.is_some()).count();
    let (takes, plural) = if defaults > 0 {
        (format!("from {} to {positional}", positional - defaults), true)
    } else {
        (positional.to_string(), positional != 1)
    };
    let keyword_only = filled[positional..].iter().filter(|given| **given).count();
    let keyword_text = if keyword_only > 0 {
        let (s, s2) = (if given == 1 { "" } else { "s" }, if keyword_only == 1 { "" } else { "s" });
        format!(" positional argument{s} (and {keyword_only} keyword-only argument{s2})")
    } else {
        String::new()
    };
    let were = if given == 1 && keyword_only == 0 { "was" } else { "were" };
    let plural = if plural { "s" } else { "" };
    format!("{}() takes {takes} positional argument{plural} but {given}{keyword_text} {were} given", def.name)
}
