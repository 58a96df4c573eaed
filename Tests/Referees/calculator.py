#!/usr/bin/env python3
"""Records what Python gives for random expressions: Fixtures/calculator.jsonl of the model's tests.

    calculator.py > Tests/LanguageModelTests/Fixtures/calculator.jsonl

Each line is [expression, result]; the result is null where Python raises or where the form is not
one of the calculator's. A whole float loses its `.0`. Needs nothing but Python.
"""
import json
import random
import warnings

warnings.simplefilter("ignore")
random.seed(7)


def number():
    kind = random.random()
    if kind < 0.6:
        return str(random.randrange(10 ** random.choice([1, 2, 3, 6, 18, 40])))
    if kind < 0.9:
        digits = random.choice([1, 2, 5, 17])
        return f"{random.randrange(10 ** random.choice([0, 1, 3, 9]) + 1)}.{random.randrange(10**digits):0{digits}}"
    return random.choice([".5", "5.", "0", "00", "007", "0.1", ".", "1..2", "1.2.3"])


def expression(depth):
    kind = random.random()
    if depth == 0 or kind < 0.25:
        return number()
    if kind < 0.35:
        return random.choice("+-") + expression(depth - 1)
    if kind < 0.5:
        return f"({expression(depth - 1)})"
    operator = random.choice(["+", "-", "*", "/", "//", " + ", " - ", " * ", " / ", " // "])
    return expression(depth - 1) + operator + expression(depth - 1)


def mangled(text):
    if random.random() < 0.85 or not text:
        return text
    place = random.randrange(len(text))
    return text[:place] + random.choice("+-*/.() 0") + text[place + random.choice([0, 1]) :]


def result(text):
    text = text.replace(",", "")
    if "**" in text or not set(text) <= set("0123456789+-*/.() "):
        return None
    try:
        value = eval(text.strip(" "), {"__builtins__": {}})
    except Exception:
        return None
    if type(value) not in (int, float) or value != value or value in (float("inf"), -float("inf")):
        return None
    answer = str(value)
    return answer[:-2] if answer.endswith(".0") else answer


count = 0
while count < 1500:
    text = mangled(expression(random.randrange(1, 5)))
    if len(text) <= 256:
        print(json.dumps([text, result(text)]))
        count += 1
