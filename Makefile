# Two commands are enough: `make run` trains the quick model and `make test` passes the tests.
.PHONY: build run test check lint clean

build:
	Scripts/build

run:
	./nanobuild run

test:
	Scripts/test

check:
	Scripts/check

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

clean:
	rm -rf .build
