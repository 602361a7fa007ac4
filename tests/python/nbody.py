# Planets that attract each other; each is a list of its position, velocity and mass.
import math

SUN = 4 * math.pi * math.pi
DAYS = 365.24
BODIES = [
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, SUN],
    [4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
     0.00166007664274403694 * DAYS, 0.00769901118419740425 * DAYS, -0.0000690460016972063023 * DAYS,
     0.000954791938424326609 * SUN],
    [8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
     -0.00276742510726411012 * DAYS, 0.00499852801234917238 * DAYS, 0.0000230417297573763929 * DAYS,
     0.000285885980666130812 * SUN],
]


def pairs(bodies):
    return [(bodies[i], bodies[j]) for i in range(len(bodies)) for j in range(i + 1, len(bodies))]


def energy(bodies):
    e = 0.0
    for x, y, z, vx, vy, vz, m in bodies:
        e += 0.5 * m * (vx * vx + vy * vy + vz * vz)
    for a, b in pairs(bodies):
        dx, dy, dz = a[0] - b[0], a[1] - b[1], a[2] - b[2]
        e -= a[6] * b[6] / math.sqrt(dx * dx + dy * dy + dz * dz)
    return e


def advance(bodies, pairs, dt):
    for a, b in pairs:
        dx = a[0] - b[0]
        dy = a[1] - b[1]
        dz = a[2] - b[2]
        d2 = dx * dx + dy * dy + dz * dz
        mag = dt / (d2 * math.sqrt(d2))
        am, bm = a[6] * mag, b[6] * mag
        a[3] -= dx * bm
        a[4] -= dy * bm
        a[5] -= dz * bm
        b[3] += dx * am
        b[4] += dy * am
        b[5] += dz * am
    for body in bodies:
        body[0] += dt * body[3]
        body[1] += dt * body[4]
        body[2] += dt * body[5]


def offset(bodies):
    px = py = pz = 0.0
    for _, _, _, vx, vy, vz, m in bodies:
        px, py, pz = px + vx * m, py + vy * m, pz + vz * m
    bodies[0][3:6] = [-px / SUN, -py / SUN, -pz / SUN]


offset(BODIES)
print(f"{energy(BODIES):.9f}")
of = pairs(BODIES)
for _ in range(150):
    advance(BODIES, of, 0.01)
print(f"{energy(BODIES):.9f}")
print(BODIES[1][:3])
