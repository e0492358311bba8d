// SPDX-License-Identifier: Apache-2.0
// Whatever is wrong with a call or an input: one line on standard error that names it, and the exit status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/report_file.hpp"
#include "suites/drivers/testing/program.hpp"
#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using lockstep::testing::Ended;
using lockstep::testing::TemporaryFolder;
using ::testing::HasSubstr;

class BadInput : public ::testing::Test {
 protected:
  void expect(int status, const std::string& words, const std::vector<std::string>& arguments,
              const char* program = LOCKSTEP_MISBEHAVING_PROGRAM) const {
    const Ended ended = testing::run_program(program, arguments);
    std::string call;
    for (const std::string& argument : arguments) call += argument + " ";
    EXPECT_EQ(ended.status, status) << call << ended.err;
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << call << ended.err;
    EXPECT_LT(ended.err.size(), 1000u) << call << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(words)) << call;
    EXPECT_THAT(ended.err, HasSubstr(status == 2 ? "accepted" : words)) << call;
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string file(const std::string& name, const std::string& text) const {
    testing::write_text(folder_.path() / name, text);
    return path(name);
  }
  TemporaryFolder folder_;
};

TEST_F(BadInput, UnknownNamesSayWhatIsAccepted) {
  expect(2, "unknown command 'frobnicate'; accepted: list, doctor, run, verify", {"frobnicate"});
  expect(2, "no command; accepted: list, doctor, run, verify", {});
  for (const char* command : {"list", "doctor", "run", "verify", "bench"}) expect(2, "--frob", {command, "--frob"});
  expect(2, "'gaga'", {"verify", "gaga"});
  for (const char* command : {"list", "run", "verify", "bench"})
    expect(2, "unknown suite 'weekly'; accepted: smoke, nightly, release", {command, "--suite", "weekly"});
  expect(2, "unknown suite 'weekly'", {"list", "--cases", "--suite", "weekly"});
  for (const char* command : {"run", "verify", "bench"}) {
    expect(2, "unknown operator 'nope'; accepted: gelu",
           {command, "--case", "nope.forward/reference.works/x=3,dtype=f32"});
    expect(2, "unknown implementation 'cuda.x' of gelu.forward; accepted: reference.works",
           {command, "--case", "gelu.forward/cuda.x/x=3,dtype=f32"});
    expect(2, "accepted: operator.direction/implementation/problem", {command, "--case", "gelu"});
    expect(2, "sideways", {command, "--case", "gelu.sideways/reference.works/x=3,dtype=f32"});
    expect(2, "malformed shape '3y'", {command, "--case", "gelu.forward/reference.works/x=3y,dtype=f32"});
    expect(2, "gelu takes no 'approximat'; accepted: approximate, x, dtype, layout, fill",
           {command, "--case", "gelu.forward/reference.works/x=3,approximat=tanh,dtype=f32"});
    expect(2, "gelu takes no 'weight'", {command, "--case", "gelu.forward/reference.works/x=3,weight=3,dtype=f32"});
    expect(2, "unknown dtype 'f99'", {command, "--case", "gelu.forward/reference.works/x=3,dtype=f99"});
    expect(2, "the shape of input 'x' is missing", {command, "--case", "gelu.forward/reference.works/dtype=f32"});
  }
}

TEST_F(BadInput, SelectingNothingIsAStatusOfItsOwn) {
  for (const char* command : {"run", "verify", "bench"}) expect(3, "nosuch", {command, "--filter", "nosuch"});
  expect(3, "nosuch", {"list", "--cases", "--filter", "nosuch"});
  expect(3, "no case ran", {"verify", "--gtest_filter=nosuch"});
  expect(3, "nosuch", {"bench", "--all", "--filter", "*works*", "--benchmark_filter=nosuch"});
}

TEST_F(BadInput, NumbersAreChecked) {
  for (const char* seed : {"abc", "-1", "1.5", "", "99999999999999999999"}) {
    expect(2, "--seed", {"run", "--seed", seed});
    expect(2, "--seed", {"verify", std::string("--seed=") + seed});
  }
  for (const char* seeds : {"0", "-3", "x"}) expect(2, "--seeds", {"run", "--seeds", seeds});
  for (const char* seconds : {"0", "-1", "nan", "inf", "x"}) expect(2, "--timeout", {"run", "--timeout", seconds});
  expect(2, "--memory-limit", {"run", "--memory-limit", "nan"});
  expect(2, "--workers", {"run", "--workers", "0"});
  expect(2, "--rounds", {"run", "--rounds", "0"});
  for (const char* count : {"-1", "x", "1.5"}) expect(2, "--expect-cases", {"run", "--expect-cases", count});
  expect(2, "--device", {"run", "--device", "gpu"});
  expect(2, "--coverage", {"run", "--coverage", "half"});
}

// CLI11's own checks of ranges let nan through, and read -1 as the largest seed.
TEST_F(BadInput, NumbersOfTheScenariosAreChecked) {
  for (const char* command : {"train", "scale"})
    for (const char* seed : {"abc", "-1", "1.5"}) expect(2, "--seed", {command, "--seed", seed});
  const std::vector<std::pair<const char*, const char*>> of_modes{
      {"--lr", "nan"},         {"--lr", "-0.1"},        {"--momentum", "nan"},          {"--momentum", "-1"},
      {"--clip-norm", "nan"},  {"--clip-norm", "-1"},   {"--clip-value", "inf"},        {"--weight-decay", "-1"},
      {"--loss-scale", "nan"}, {"--bucket-bytes", "0"}, {"--first-bucket-bytes", "-1"}, {"--rank-timeout", "nan"}};
  for (const auto& [option, value] : of_modes) expect(2, option, {"train", "--mode", "single", option, value});
  expect(2, "--norm-type two", {"train", "--mode", "single", "--clip-norm", "1", "--norm-type", "two"});
  for (const char* value : {"nan", "-1", "0"}) {
    expect(2, "--link-bandwidth", {"scale", "--link-bandwidth", value});
    expect(2, "--lr", {"study", "--lr", value});
    expect(2, "--budget", {"bench", "--budget", value});
  }
  expect(2, "--link-latency", {"scale", "--link-latency", "nan", "--link-bandwidth", "1e9"});
  expect(2, "--bucket-bytes", {"scale", "--bucket-bytes", "0"});
  for (const char* command : {"train", "scale"}) {
    expect(2, "--ranks", {command, "--ranks", "0"});
    expect(2, "--rows", {command, "--rows", "0"});
    expect(2, "--steps", {command, "--steps", "x"});
  }
  expect(2, "--ranks", {"study", "--ranks", "1"});
  expect(2, "2 images per rank", {"study", "--images-per-rank", "4"});
}

TEST_F(BadInput, NamesOfTheScenariosAreChecked) {
  for (const char* command : {"train", "scale", "study"}) {
    expect(2, "--frob", {command, "--frob"});
    expect(2, "--out", {command, "--out", file("occupied", "")});
  }
  for (const char* command : {"train", "scale"})
    expect(2, "unknown model 'mpl'; accepted: exact, mlp", {command, "--model", "mpl"});
  expect(2, "unknown model 'mpl'; accepted: exact, mlp", {"scale", "--link-model", "mpl"});
  expect(2, "unknown training mode 'dp'; accepted: single", {"train", "--mode", "dp"});
  expect(2, "unknown training mode 'dp'; accepted: single", {"scale", "--modes", "dp"});
  expect(2, "both or neither", {"scale", "--link-latency", "1e-3"});
  expect(2, "--autocast f64; accepted: bf16, f16", {"train", "--mode", "single", "--autocast", "f64"});
  expect(2, "--executor", {"train", "--executor", "slow"});
  expect(2, "--data", {"train", "--data", "cifar"});
}

TEST_F(BadInput, WhatWouldHaveNoEffectIsRefused) {
  expect(2, "--lr without --mode", {"train", "--lr", "0.1"});
  expect(2, "--sync-batch-norm without --mode", {"train", "--sync-batch-norm"});
  expect(2, "--ranks 32 with --rows 8", {"train", "--ranks", "32", "--rows", "8"});
  expect(2, "--momentum", {"train", "--mode", "single", "--optimizer", "adam", "--momentum", "0.5"});
  expect(2, "--nesterov", {"train", "--mode", "single", "--nesterov", "--momentum", "0"});
  expect(2, "--norm-type without --clip-norm", {"train", "--mode", "single", "--norm-type", "1"});
}

TEST_F(BadInput, FlagsOfTheLibrariesAreChecked) {
  expect(2, "--gtest_frob", {"verify", "--gtest_frob"});
  expect(2, "--gtest_repeat=abc", {"verify", "--gtest_repeat=abc"});
  // One line, and none of the pages of help that GoogleTest would print.
  EXPECT_EQ(testing::run_program(LOCKSTEP_MISBEHAVING_PROGRAM, {"verify", "--gtest_frob"}).out, "");
  expect(2, "--benchmark_filter", {"verify", "--benchmark_filter=x"});
  expect(2, "--benchmark_frob", {"bench", "--benchmark_frob"});
  expect(2, "accepted: console, json, csv", {"bench", "--benchmark_format=pdf"});
  expect(2, "--gtest_filter", {"bench", "--gtest_filter=x"});
}

TEST_F(BadInput, PlacesThatCannotBeWrittenAreFoundBeforeTheWork) {
  const std::string occupied = file("occupied", "");
  for (const char* command : {"run", "verify", "bench"}) {
    expect(2, "--out", {command, "--out", occupied});
    expect(2, "--out", {command, "--out", "/proc/lockstep"});
  }
}

TEST_F(BadInput, ReportsThatAreNone) {
  const reports::Json good = reports::to_json(reports::Report{});
  reports::Json other = good;
  other["lockstep"]["version"] = 2;
  const std::string text = good.dump();
  const std::vector<std::pair<std::string, std::string>> bad{
      {file("version.json", other.dump()), "version"},
      {file("empty.json", ""), "empty"},
      {file("cut.json", text.substr(0, text.size() / 2)), "cut off"},
      {file("array.json", "[]"), "array.json"},
      {file("text.json", "no report\n"), "not JSON"},
      {path("missing.json"), "no such report"},
      {path(""), "no such report"},
  };
  const std::string whole = file("whole.json", text);
  for (const auto& [report, words] : bad) {
    expect(2, words, {"report", report});
    expect(2, words, {"report", whole, "--baseline", report, "--out", path("page.html")});
    expect(2, words, {"compare", report, whole});
    expect(2, words, {"compare", whole, report});
  }
  expect(2, "cannot be written", {"report", whole, "--out", "/proc/lockstep.html"});
  expect(2, "required", {"report"});
  expect(2, "required", {"compare", whole});
  for (const char* delta : {"7", "-1", "nan"}) expect(2, "--delta", {"compare", whole, whole, "--delta", delta});
}

TEST_F(BadInput, CasesThatAreNone) {
  const auto replay = [this](const std::string& words, const std::string& cases, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"replay", cases, "--out", path("results")});
    expect(2, words, more, LOCKSTEP_PROGRAM);
  };
  testing::write_add_case(folder_.path() / "add");
  replay("no such folder", path("missing"));
  std::filesystem::create_directories(path("empty"));
  replay("holds no case", path("empty"));
  replay("unknown implementation 'cuda.x'", path("add"), {"--implementation", "cuda.x"});
  replay("unknown dtype 'f99'", path("add"), {"--dtype", "f99"});
  file("no_json/case.json", "{\"op\": ");
  replay("is no JSON", path("no_json"));
  file("no_inputs/case.json", R"({"op": "add", "params": {}})");
  replay("lacks the key 'inputs'", path("no_inputs"));
  file("unknown/case.json", R"({"op": "frobnicate", "params": {}, "inputs": []})");
  replay("unknown op 'frobnicate'", path("unknown"));
  file("add/f64/a.npy", "no array");
  replay("a.npy", path("add"));
  expect(2, "--out is required", {"replay", path("add")});
}

}  // namespace
}  // namespace lockstep
