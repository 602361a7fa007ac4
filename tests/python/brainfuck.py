# An interpreter of another language.


def jumps(code):
    found, open = {}, []
    for at, c in enumerate(code):
        if c == "[":
            open.append(at)
        elif c == "]":
            start = open.pop()
            found[start], found[at] = at, start
    return found


def run(code, given=""):
    to, tape, at, pc, out = jumps(code), [0], 0, 0, []
    given = list(given)
    while pc < len(code):
        c = code[pc]
        if c == ">":
            at += 1
            if at == len(tape):
                tape.append(0)
        elif c == "<":
            at -= 1
        elif c == "+":
            tape[at] = (tape[at] + 1) % 256
        elif c == "-":
            tape[at] = (tape[at] - 1) % 256
        elif c == ".":
            out.append(chr(tape[at]))
        elif c == ",":
            tape[at] = ord(given.pop(0)) if given else 0
        elif c == "[" and not tape[at] or c == "]" and tape[at]:
            pc = to[pc]
        pc += 1
    return "".join(out)


HELLO = "++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.>>.<-.<.+++.------.--------.>>+.>++."
print(run(HELLO), end="")
print(run(",[.,]", "echo"))
print(run("+++++[>+++++++>++++++++++<<-]>.>."))
run("]")
