// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/cli.hpp"
#include "suites/operators/problems.hpp"

int main(int argc, char** argv) { return lockstep::lockstep_main(argc, argv, lockstep::catalogue()); }
