#!/usr/bin/env python3
"""Writes random formulas with readings, and the results that they should have, for FormulaOracleTests.

It shares nothing with the implementation: a formula is made as a tree, evaluated as one, and written with its own table
of precedence and with random blanks, parentheses and quotes.

Usage: formula_oracle.py SEED COUNT

Each line is FORMULA TAB READINGS TAB RESULT. Readings are NAME=READING, separated by blanks. A reading is VALUE@TIME,
assumed:VALUE@TIME, nodata or failed; a time is in microseconds. A result is a reading, or invalid.
"""

import math
import random
import sys

NAMES = ["a", "b", "rate", "Back_log", "q.length", "redis-2", "5xx", "max", "if"]
WORDS = {"and", "or", "not"}
NOW = 1_000_000_007
LARGEST_BYTES, LARGEST_NODES, LARGEST_DEPTH = 1024, 200, 28
UNITS = [("w", 604800.0), ("d", 86400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", None)]
# How tight an operator binds; of the sides of each, whether parentheses are needed is decided by these.
OR, AND, NOT, COMPARISON, COALESCING, SUM, PRODUCT, SIGN, ATOM = range(9)
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
VARIADIC = ["min", "max", "sum", "avg"]
UNARY = ["abs", "ceil", "floor", "round"]


class NoData(Exception):
    pass


class Failed(Exception):
    pass


class Maker:
    def __init__(self, dice):
        self.dice = dice
        self.nodes = 0

    def number(self, depth):
        self.nodes += 1
        pick = self.dice.random()
        if depth <= 0 or pick < 0.12:
            return self.literal() if self.dice.random() < 0.35 else ("name", self.dice.choice(NAMES))
        part = lambda: self.number(depth - 1)
        if pick < 0.5:
            return ("arithmetic", self.dice.choice("+-*/%"), part(), part())
        if pick < 0.58:
            return ("sign", part())
        if pick < 0.72:
            return ("coalescing", part(), part())
        if pick < 0.82:
            return ("if", self.boolean(depth - 1), part(), part())
        if pick < 0.88:
            return ("call", self.dice.choice(UNARY), [part()])
        if pick < 0.91:
            return ("call", "clamp", [part(), part(), part()])
        return ("call", self.dice.choice(VARIADIC), [part() for _ in range(self.dice.randint(1, 4))])

    def boolean(self, depth):
        self.nodes += 1
        pick = self.dice.random()
        if depth <= 1 or pick < 0.55:
            return ("comparison", self.dice.choice(COMPARISONS), self.number(depth - 1), self.number(depth - 1))
        part = lambda: self.boolean(depth - 1)
        if pick < 0.67:
            return ("not", part())
        if pick < 0.8:
            return ("and", part(), part())
        if pick < 0.92:
            return ("or", part(), part())
        if pick < 0.96:
            return ("coalescing", part(), part())
        return ("if", part(), part(), part())

    def literal(self):
        dice = self.dice
        kind = dice.random()
        if kind < 0.25:
            first = dice.randrange(len(UNITS))
            units = [UNITS[first]] + [unit for unit in UNITS[first + 1:] if dice.random() < 0.15]
            text, value = "", 0.0
            for name, seconds in units:
                digits = self.digits()
                text += digits + name
                value += float(digits) / 1000 if seconds is None else float(digits) * seconds
            return ("literal", text, value)
        digits = dice.choice(["0", "1", "2", "1e308", "1e-308", "4e3", "2E+2", "5e-1"]) if kind < 0.5 else self.digits()
        return ("literal", digits, float(digits))

    def digits(self):
        return self.dice.choice(
            [str(self.dice.randint(0, 12)), f"{self.dice.uniform(0, 100):.3f}", f"{self.dice.randint(0, 9)}.5",
             repr(self.dice.uniform(0, 1e6)).replace("e-", "e-0")])


# MARK: Writing


def precedence(node):
    kind = node[0]
    if kind == "arithmetic":
        return SUM if node[1] in "+-" else PRODUCT
    return {"or": OR, "and": AND, "not": NOT, "comparison": COMPARISON, "coalescing": COALESCING, "sign": SIGN}.get(
        kind, ATOM)


class Writer:
    def __init__(self, dice):
        self.dice = dice
        self.depth = self.deepest = 0

    def blank(self):
        return self.dice.choice(["", " ", "  "])

    def name(self, name):
        if name in WORDS or "-" in name or name[0].isdigit() or self.dice.random() < 0.15:
            quote = self.dice.choice("\"'")
            return f"{quote}{name}{quote}"
        # A blank keeps the minus sign after it from looking like a part of the name.
        return f"{name} "

    def inside(self, node, least):
        """The node in parentheses, if it binds less tight than that, or by chance."""
        if precedence(node) >= least and self.dice.random() < 0.9:
            return self.write(node)
        return f"({self.blank()}{self.nested(node)}{self.blank()})"

    def nested(self, node):
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        text = self.write(node)
        self.depth -= 1
        return text

    def write(self, node):
        kind, blank = node[0], self.blank
        if kind == "literal":
            return node[1]
        if kind == "name":
            return self.name(node[1])
        if kind == "sign":
            self.depth += 1
            self.deepest = max(self.deepest, self.depth)
            text = f"-{blank()}{self.inside(node[1], SIGN)}"
            self.depth -= 1
            return text
        if kind == "not":
            self.depth += 1
            self.deepest = max(self.deepest, self.depth)
            text = f"not {self.inside(node[1], NOT)}"
            self.depth -= 1
            return text
        if kind in ("and", "or"):
            level = precedence(node)
            return f"{self.inside(node[1], level)} {kind} {self.inside(node[2], level + 1)}"
        if kind == "comparison":
            return f"{self.inside(node[2], COALESCING)}{blank()}{node[1]}{blank()}{self.inside(node[3], COALESCING)}"
        if kind == "coalescing":
            left = node[1]
            left = self.inside(left, COALESCING if left[0] == "coalescing" else ATOM)
            return f"{left}{blank()}??{blank()}{self.inside(node[2], ATOM)}"
        if kind == "arithmetic":
            level = precedence(node)
            return f"{self.inside(node[2], level)}{blank()}{node[1]}{blank()}{self.inside(node[3], level + 1)}"
        name, arguments = ("if", node[1:]) if kind == "if" else (node[1], node[2])
        return f"{name}{blank()}({f'{blank()},{blank()}'.join(self.nested(argument) for argument in arguments)})"


# MARK: Evaluating


class Evaluator:
    def __init__(self, readings):
        self.readings = readings
        self.assumed = False
        self.times = []

    def all(self, nodes):
        """The values of all: a failure counts for more than no data, wherever it is."""
        values, problems = [], []
        for node in nodes:
            try:
                values.append(self.value(node))
            except (NoData, Failed) as problem:
                problems.append(problem)
        if any(isinstance(problem, Failed) for problem in problems):
            raise Failed
        if problems:
            raise NoData
        return values

    def value(self, node):
        kind = node[0]
        if kind == "literal":
            return node[2]
        if kind == "name":
            return self.reading(node[1])
        if kind == "coalescing":
            try:
                return self.value(node[1])
            except NoData:
                self.assumed = True
                return self.value(node[2])
        if kind == "if":
            return self.value(node[2] if self.value(node[1]) else node[3])
        if kind == "sign":
            return -self.value(node[1])
        if kind == "not":
            return not self.value(node[1])
        if kind == "and":
            left, right = self.all(node[1:])
            return left and right
        if kind == "or":
            left, right = self.all(node[1:])
            return left or right
        if kind == "comparison":
            left, right = self.all(node[2:])
            return {"==": left == right, "!=": left != right, "<": left < right, "<=": left <= right,
                    ">": left > right, ">=": left >= right}[node[1]]
        result = arithmetic(node[1], *self.all(node[2:])) if kind == "arithmetic" else call(node[1], self.all(node[2]))
        if not math.isfinite(result):
            raise NoData
        return result

    def reading(self, name):
        reading = self.readings.get(name, "nodata")
        if reading == "nodata":
            raise NoData
        if reading == "failed":
            raise Failed
        value, time, assumed = reading
        if not math.isfinite(value):
            raise NoData
        self.assumed |= assumed
        self.times.append(time)
        return value


def arithmetic(operator, left, right):
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if right == 0:
        raise NoData
    return left / right if operator == "/" else math.fmod(left, right)


def call(name, numbers):
    first = numbers[0]
    if name == "abs":
        return -first if first < 0 else first
    if name == "ceil":
        return float(math.ceil(first))
    if name == "floor":
        return float(math.floor(first))
    if name == "round":
        below = math.floor(abs(first))
        whole = float(below + 1 if abs(first) - below >= 0.5 else below)
        return -whole if first < 0 else whole
    if name == "clamp":
        _, low, high = numbers
        if low > high:
            raise NoData
        return low if first < low else high if first > high else first
    if name in ("min", "max"):
        return sorted(numbers)[0 if name == "min" else -1]
    total = 0.0
    for number in numbers:
        total += number
    return total if name == "sum" else total / len(numbers)


# MARK: Cases


def readings(dice):
    found = {}
    for name in NAMES:
        pick = dice.random()
        if pick < 0.12:
            found[name] = dice.choice(["nodata", "nodata", "failed"])
        elif pick > 0.03:
            value = dice.choice(
                [0.0, -0.0, 1.0, 2.5, -3.5, 0.49999999999999994, 1e308, 5e-324, dice.randint(-5, 100) * 1.0,
                 dice.uniform(-10, 1000), dice.choice([math.inf, -math.inf, math.nan])])
            found[name] = (value, NOW - dice.randint(0, 60_000_000), dice.random() < 0.05)
    return found


def shown(reading):
    if isinstance(reading, str):
        return reading
    value, time, assumed = reading
    return f"{'assumed:' if assumed else ''}{value!r}@{time}"


def names(node):
    if node[0] == "name":
        return {node[1]}
    parts = [part for field in node[1:] for part in (field if isinstance(field, list) else [field])]
    return set().union(*(names(part) for part in parts if isinstance(part, tuple)), set())


def spoiled(dice, text):
    """The text made invalid, in a way that no other text excuses."""
    return dice.choice([
        f"({text}", f"{text})", f"{text} 1", f"{text} +", f"* {text}", f"foo({text})", f"abs({text}, 1)", f"min() + {text}",
        f"clamp({text}, 1)", f"if({text}, 1, 2)", f"({text}) > 1", f"not ({text})", f"({text}) and 1 > 0",
        f"({text}) ?? 1 + 2", f"1 + a ?? ({text})", f"if(a < b < 3, 1, {text})", f"({text}) && a", f"({text}) = 1",
        f"({text}) ** 2", f"{text} + 3parsecs", f"1m2h + {text}", f"{text} + 1.", f"{text} + .5", f"{text} + 1e999",
        f"{text} + \"a", f"({text}) ?? (1 > 0)", f"if(1 > 0, {text}, 1 > 0)", f"{text} + $a", f"if(1 > 0, {text})",
        "1 + 2", "", "(" * 40 + "a" + ")" * 40, "-" * 40 + "a", "a+" * 300 + "a", "a" + " " * 1100])


def case(dice):
    while True:
        maker, writer = Maker(dice), Writer(dice)
        tree = maker.number(dice.randint(0, 5))
        text = writer.write(tree)
        fits = len(text) <= LARGEST_BYTES and maker.nodes <= LARGEST_NODES and writer.deepest <= LARGEST_DEPTH
        if fits and names(tree):
            break
    found = readings(dice)
    if dice.random() < 0.06:
        result = "invalid"
        text = spoiled(dice, text)
    else:
        evaluator = Evaluator(found)
        try:
            value = evaluator.value(tree)
            result = (value, min(evaluator.times, default=NOW), evaluator.assumed)
        except NoData:
            result = "nodata"
        except Failed:
            result = "failed"
    return "\t".join([text, " ".join(f"{name}={shown(reading)}" for name, reading in found.items()), shown(result)])


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    dice = random.Random(seed)
    sys.stdout.write("".join(f"{case(dice)}\n" for _ in range(count)))


if __name__ == "__main__":
    main()
