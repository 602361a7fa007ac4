# What: a method is looked up when its arguments have been evaluated, not before.
# Why: looking it up and calling it are one instruction.
# Instead: nothing is needed where the value has the method.
# CPython: AttributeError: 'int' object has no attribute 'append'
# Here: ZeroDivisionError: integer division or modulo by zero
number = 1
number.append(1 // 0)
