# What stands behind a star must be iterable: in displays of lists and tuples the words are those of the star, in sets the usual ones.
def shown(make):
    try:
        if make == 0:
            print([1, *True])
        elif make == 1:
            print((*2.5, 1))
        else:
            print({*None})
    except TypeError as error:
        print(error)


for make in range(3):
    shown(make)
print([*3])
