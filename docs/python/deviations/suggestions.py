# What: "Did you mean" also offers a name of the module that has no value yet.
# Why: names are compared when the program is compiled, not when the error is raised.
# Instead: nothing is needed; the error is the same.
# CPython: NameError: name 'total_cost' is not defined
# Here: NameError: name 'total_cost' is not defined. Did you mean: 'total_costs'?
print(total_cost)
total_costs = 1
