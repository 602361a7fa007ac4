//! Calls of the program's own functions: which argument fills which parameter is known here.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//! A call that does not fit its function is Python's `TypeError` when it is reached, after its arguments have been
//! evaluated.

use super::{Code, Lower, default_name};
use crate::ast::{Expr, ExprKind, Function, Import, Keyword, Module, Name, Span};
use crate::feature::Feature;
use crate::names;
use crate::scope::Binding;
use bytecode::{Const, Op};
use std::collections::{HashMap, HashSet};

/// What fills a parameter.
#[derive(Clone, Copy)]
enum Filled {
    Positional(usize),
    Keyword(usize),
    Default,
}

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
                Some(Binding::Function(index)) => {
                    self.refuse_stars(args);
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
        let filled = match bind(def, args.len(), keywords) {
            Ok(filled) => filled,
            Err(message) => {
                self.look_at_arguments(code, args, keywords);
                self.at(code, span);
                if !self.may_expand(message.len(), span) {
                    return self.push(code, Const::None);
                }
                return self.raise(code, "TypeError", &message);
            }
        };
        let order = filled.iter().filter_map(|f| match f {
            Filled::Keyword(at) => Some(*at),
            Filled::Positional(_) | Filled::Default => None,
        });
        let in_order = order.clone().is_sorted();
        let mut held = Vec::new();
        if !in_order {
            // They are evaluated as written and pushed as declared.
            for expr in args.iter().chain(keywords.iter().map(|k| &k.value)) {
                self.expr(code, expr);
                held.push(self.store_temp(code));
            }
        }
        for (at, filled) in filled.iter().enumerate() {
            let given = match filled {
                Filled::Positional(at) => Some((*at, &args[*at])),
                Filled::Keyword(at) => Some((args.len() + at, &keywords[*at].value)),
                Filled::Default => None,
            };
            match given {
                Some((number, _)) if !in_order => _ = code.f.emit(Op::LoadLocal, held[number]),
                Some((_, expr)) => self.expr(code, expr),
                None => self.default(code, index, at),
            }
        }
        held.into_iter().rev().for_each(|slot| code.release(slot));
        self.at(code, span);
        code.f.emit(Op::Call, self.ids[index].0);
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
///
/// # Errors
/// What Python says if they do not fit.
fn bind(def: &Function, given: usize, keywords: &[Keyword]) -> Result<Vec<Filled>, String> {
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
    for (at, keyword) in keywords.iter().enumerate() {
        let found = numbers.get(&keyword.name).copied();
        match found.filter(|&at| at >= def.positional_only) {
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
                return Err(format!("{name}() got multiple values for argument '{}'", keyword.name));
            }
            Some(parameter) => filled[parameter] = Some(Filled::Keyword(at)),
        }
    }
    if given > positional {
        return Err(too_many(def, given, &filled));
    }
    for (place, param) in filled.iter_mut().zip(&def.params) {
        if place.is_none() && param.default.is_some() {
            *place = Some(Filled::Default);
        }
    }
    let missing = |from: usize, to: usize| -> Vec<String> {
        let names = filled[from..to].iter().zip(&def.params[from..to]);
        names.filter(|(place, _)| place.is_none()).map(|(_, p)| format!("'{}'", p.name)).collect()
    };
    for (kind, names) in
        [("positional", missing(0, positional)), ("keyword-only", missing(positional, def.params.len()))]
    {
        if !names.is_empty() {
            let plural = if names.len() == 1 { "" } else { "s" };
            let list = match names.as_slice() {
                [one] => one.clone(),
                [one, two] => format!("{one} and {two}"),
                [first @ .., last] => format!("{}, and {last}", first.join(", ")),
                [] => String::new(),
            };
            return Err(format!("{name}() missing {} required {kind} argument{plural}: {list}", names.len()));
        }
    }
    Ok(filled.into_iter().flatten().collect())
}

fn too_many(def: &Function, given: usize, filled: &[Option<Filled>]) -> String {
    let positional = def.positional;
    let defaults = def.params[..positional].iter().filter(|p| p.default.is_some()).count();
    let (takes, plural) = if defaults > 0 {
        (format!("from {} to {positional}", positional - defaults), true)
    } else {
        (positional.to_string(), positional != 1)
    };
    let keyword_only = filled[positional..].iter().filter(|f| f.is_some()).count();
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
