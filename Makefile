# The commands of a checkout. Each installs what is missing first.
SHELL := bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
.DEFAULT_GOAL := help
.PHONY: help setup demo test check clean

help: ## Show this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## Install what is missing: npm packages with Node 24, Envoy, iptables
	@scripts/setup

demo: setup ## Run the example mesh on this machine (CHECK=1: run its Traffic and end)
	@exec heddle up examples/bookstore $(if $(filter-out 0,$(CHECK)),--check)

test: setup ## Check and test everything
	@npm run --silent check && exec node scripts/test.ts

check: setup ## Format, types and lint
	@npm run --silent check

clean: ## Remove what was built and installed in this folder
	@rm -rf node_modules packages/*/dist packages/*/*.tsbuildinfo .heddle
