//! How deeply expressions nest, told from their tokens.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`, behind [`crate::scan`]. What
//! recurses later does so once for each level of a tree. Operators in a row nest (`a + b + c` is a sum of a sum), but
//! `and`, `or` and comparisons in a row make one level, however many there are. For each level of precedence it is kept
//! how many operators nest there, and how deep the deepest of their operands is; where an operator binds looser than
//! those before it, these have become one operand of it.

/// How deeply operators may nest. CPython gives up at 3000 levels.
pub const MAX_OPERATORS: usize = 2_900;

/// What a token does to depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A name, a number, a string.
    Operand,
    And,
    Or,
    Not,
    In,
    Is,
    Compare,
    /// `if`, `else`, `yield`, `:=`.
    Conditional,
    Lambda,
    /// A word that no expression goes on with.
    Keyword,
    /// `|`, `^`, `&`, shifts, sums, products; where an operand must come, a sign.
    Binary(usize),
    Power,
    Unary,
    /// A dot.
    Postfix,
    Open,
    Close,
    Comma,
    Semicolon,
    Colon,
    Equal,
    NewLine,
}

/// The levels of precedence, loosest first.
const CONDITIONAL: usize = 0;
const OR: usize = 1;
const AND: usize = 2;
const NOT: usize = 3;
const COMPARE: usize = 4;
const BINARY: usize = 5;
const UNARY: usize = 11;
const POSTFIX: usize = 12;
const LEVELS: usize = 13;

/// What stands between two brackets, or outside of all, since the last comma.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    /// The depth of what is around.
    outer: usize,
    /// How many operators nest.
    nested: [usize; LEVELS],
    /// How deep the deepest operand is.
    operand: [usize; LEVELS],
    /// The deepest of what stood before a comma.
    deepest: usize,
    /// How many `lambda`s wait for their colons.
    lambdas: usize,
}

impl Group {
    /// The depth from a level on.
    fn depth_from(&self, level: usize) -> usize {
        (level..LEVELS).map(|at| self.nested[at] + self.operand[at]).sum()
    }

    fn depth(&self) -> usize {
        self.depth_from(0)
    }

    /// What binds tighter has become an operand.
    fn fold_into(&mut self, level: usize) {
        let inner = self.depth_from(level + 1);
        self.operand[level] = self.operand[level].max(inner);
        self.nested[level + 1..].fill(0);
        self.operand[level + 1..].fill(0);
    }

    /// An operator between operands: `nests` if several in a row do.
    fn infix(&mut self, level: usize, nests: bool) {
        self.fold_into(level);
        self.nested[level] = if nests { self.nested[level] + 1 } else { 1 };
    }

    /// An operator before its operand. What waits for that operand is around it.
    fn prefix(&mut self, level: usize) {
        let waiting: usize = self.nested[level + 1..].iter().sum();
        self.fold_into(level);
        self.nested[level] += 1 + waiting;
    }

    fn next_item(&mut self) {
        let Group { outer, deepest, .. } = *self;
        *self = Group { outer, deepest: deepest.max(self.depth()), ..Group::default() };
    }
}

/// Follows the depth of a text.
#[derive(Debug)]
pub struct Depth {
    groups: Vec<Group>,
    deepest: usize,
    blocks: usize,
    after_operand: bool,
    last: Token,
}

impl Default for Depth {
    fn default() -> Depth {
        let groups = vec![Group::default()];
        Depth { groups, deepest: 0, blocks: 0, after_operand: false, last: Token::NewLine }
    }
}

impl Depth {
    /// The depth of the deepest place so far, blocks included.
    pub fn deepest(&self) -> usize {
        self.deepest + self.blocks
    }

    /// Whether it nests deeper than is allowed.
    pub fn is_too_deep(&self) -> bool {
        self.deepest > MAX_OPERATORS
    }

    /// So many blocks are around.
    pub fn block(&mut self, blocks: usize) {
        self.blocks = self.blocks.max(blocks);
    }

    /// The next token.
    pub fn token(&mut self, token: Token) {
        let (last, after_operand) = (self.last, self.after_operand);
        self.last = token;
        self.after_operand = matches!(token, Token::Operand | Token::Close);
        let is_outside = self.groups.len() == 1;
        let Some(group) = self.groups.last_mut() else { return };
        match token {
            Token::Operand | Token::Keyword => return,
            Token::NewLine => *group = Group::default(),
            Token::Or => group.infix(OR, false),
            Token::And => group.infix(AND, false),
            // The `not` of `not in` and `is not` is no operator of its own.
            Token::Not if after_operand || last == Token::Is => {}
            Token::Not => group.prefix(NOT),
            Token::In | Token::Is | Token::Compare => group.infix(COMPARE, false),
            Token::Conditional if after_operand => group.infix(CONDITIONAL, true),
            Token::Conditional => group.prefix(CONDITIONAL),
            Token::Lambda => {
                group.prefix(CONDITIONAL);
                group.lambdas += 1;
            }
            Token::Binary(at) if after_operand => group.infix(BINARY + at, true),
            Token::Power | Token::Unary | Token::Binary(_) => group.prefix(UNARY),
            Token::Postfix => group.infix(POSTFIX, true),
            Token::Open => {
                let outer = group.outer + group.depth() + 1;
                self.groups.push(Group { outer, ..Group::default() });
            }
            Token::Close if is_outside => {}
            Token::Close => {
                group.next_item();
                let inner = group.deepest + 1;
                self.groups.pop();
                if let Some(group) = self.groups.last_mut() {
                    group.operand[POSTFIX] = group.operand[POSTFIX].max(inner);
                    group.nested[POSTFIX] += 1;
                }
            }
            // Inside of the head of a `lambda`, these part its parameters.
            Token::Comma | Token::Equal if group.lambdas > 0 => group.fold_into(CONDITIONAL),
            Token::Colon if group.lambdas > 0 => {
                group.lambdas -= 1;
                group.fold_into(CONDITIONAL);
            }
            // Statements that follow colons in one line nest, if only in wrong programs.
            Token::Colon if is_outside => group.prefix(CONDITIONAL),
            Token::Comma | Token::Equal | Token::Colon | Token::Semicolon => group.next_item(),
        }
        let depth = self.groups.last().map_or(0, |group| group.outer + group.depth());
        self.deepest = self.deepest.max(depth);
    }
}
