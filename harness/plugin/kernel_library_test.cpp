// SPDX-License-Identifier: Apache-2.0
// What a library may do short of killing the process; see suites/drivers/load_test.cpp for the rest.
#include "harness/plugin/kernel_library.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/data/error.hpp"
#include "harness/plan/verify.hpp"
#include "harness/plugin/testing/rectifier.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const testing::RectifierOperator kOperator;

std::string path_of(const std::string& behaviour) {
  return std::string(LOCKSTEP_OUTSIDE_FOLDER) + "/outside_" + behaviour + ".so";
}

std::string refusal(const std::string& path) {
  try {
    const KernelLibrary library(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "loaded";
}

const KernelLibrary& working() {
  static const KernelLibrary library(path_of("works"), 64);
  return library;
}

Implementation implementation_of(const std::string& name) {
  for (Implementation& implementation : working().implementations(kOperator))
    if (implementation.name() == "outside_works." + name) return implementation;
  throw Error("no implementation " + name);
}

Problem problem_of(Shape shape, DType dtype = DType::f32) {
  Problem problem{.operator_name = "relu", .shapes = {}, .parameters = {}, .dtype = dtype};
  problem.set_shape("x", std::move(shape));
  return problem;
}

CaseResult verified(const std::string& name, const Problem& problem = problem_of({3, 5}),
                    DeviceKind kind = DeviceKind::cpu) {
  const Implementation implementation = implementation_of(name);
  const auto device = make_host_device(kind);
  return verify_case({&kOperator, &implementation, {problem, "smoke", "test"}}, *device, {});
}

TEST(KernelLibrary, ListsItsKernelsUnderItsOwnName) {
  EXPECT_EQ(working().name(), "outside_works");
  const auto& kernels = working().kernels();
  ASSERT_FALSE(kernels.empty());
  EXPECT_EQ(kernels[0].name, "outside_works.works");
  EXPECT_EQ(kernels[0].operator_name, "relu");
  EXPECT_EQ(kernels[0].direction, Direction::forward);
  EXPECT_EQ(kernels[0].device, DeviceKind::cpu);
  EXPECT_EQ(working().implementations(kOperator).size(), kernels.size());
}

TEST(KernelLibrary, SaysInOneLineWhatIsWrongWithAFile) {
  EXPECT_EQ(refusal(path_of("nosuch")), "outside_nosuch.so: no such file");
  EXPECT_THAT(refusal("/dev/null"), StartsWith("null: it cannot be loaded: "));
  EXPECT_EQ(refusal(path_of("other_version")),
            "outside_other_version.so: it was compiled for version 2 of the interface; accepted: 1");
  EXPECT_EQ(refusal(path_of("lacks_list")),
            "outside_lacks_list.so: it has no function lockstep_kernels, which every library of kernels exports");
  EXPECT_THAT(refusal(path_of("throws_listing")),
              StartsWith("outside_throws_listing.so: lockstep_kernels let an exception out of the library"));
  EXPECT_EQ(refusal(path_of("lists_nothing")),
            "outside_lists_nothing.so: it gives no list of its kernels: the kernels are out");
  EXPECT_THAT(refusal(path_of("lists_garbage")), HasSubstr("kernel 1 has a name that is none; accepted: up to 200"));
}

TEST(KernelLibrary, ItsKernelsAreJudgedAsAnyOther) {
  for (const char* name : {"works", "fills_workspace"}) {
    const CaseResult result = verified(name);
    EXPECT_EQ(result.outcome, Outcome::passed) << name << ": " << result.reason;
    EXPECT_EQ(result.margins.elements_judged, 15);
  }
  const CaseResult other_dtype = verified("works", problem_of({3, 5}, DType::bf16));
  EXPECT_EQ(other_dtype.outcome, Outcome::skipped);
  EXPECT_EQ(other_dtype.reason, "contiguous f32 alone");
  const CaseResult other_device = verified("works", problem_of({3, 5}), DeviceKind::emulated);
  EXPECT_EQ(other_device.outcome, Outcome::skipped);
  EXPECT_EQ(other_device.reason, "it runs on the CPU");
  EXPECT_EQ(verified("works", problem_of({})).outcome, Outcome::refused);
}

TEST(KernelLibrary, WhatItsKernelsDoWrongIsSaid) {
  const auto expect = [](const std::string& name, const std::string& words) {
    const CaseResult result = verified(name);
    EXPECT_EQ(result.outcome, Outcome::failed) << name;
    EXPECT_THAT(result.reason, HasSubstr(words)) << name;
    EXPECT_EQ(std::count(result.reason.begin(), result.reason.end(), '\n'), 0) << name;
  };
  expect("overruns_workspace", "workspace: 1 bytes written behind the tensor, the first 0 bytes past its end");
  expect("wants_too_much", "prepare asks for 65 bytes of workspace; accepted: 0 to 64");
  expect("overwrites_input", "input x was overwritten");
  expect("fails", "the first line and the second");
  expect("fills_message", "mmmm");
  expect("answers_seven", "launch returned the status 7; accepted: 0, 1, 2");
  expect("throws_error", "launch let an exception out of the library, which the interface forbids: thrown by a kernel");
  expect("throws_number", "launch let an exception out of the library");
  expect("declines_late", "prepare declines what `unsupported` took: not today");
  expect("promises_nonsense", "the contract's exp_ulp is nan; accepted: 0 or more");
}

TEST(KernelLibrary, ACatalogueTakesWhatItHasAPlaceFor) {
  const Catalogue own(std::vector<Catalogued>{{&kOperator, {}, {}}});
  const OutsideKernel known{"relu", Direction::forward, "mine.a", DeviceKind::emulated};
  const OutsideKernel backward{"relu", Direction::backward, "mine.b", DeviceKind::emulated};
  const OutsideKernel unknown{"nosuch", Direction::forward, "mine.c", DeviceKind::emulated};
  EXPECT_FALSE(misplaced(own, known));
  EXPECT_THAT(*misplaced(own, backward), HasSubstr("mine.b is a backward of relu, which has none"));
  EXPECT_THAT(*misplaced(own, unknown), HasSubstr("mine.c: unknown operator 'nosuch'; accepted: relu"));

  const Catalogue more = extended(own, {known, backward, unknown});
  ASSERT_EQ(more.operators().at(0).implementations.size(), 1u);
  const Implementation& announced_kernel = more.operators()[0].implementations[0];
  EXPECT_EQ(announced_kernel.name(), "mine.a");
  EXPECT_EQ(announced_kernel.backend, Backend::cuda);
  EXPECT_THROW(announced_kernel.contract(problem_of({2})), Error);
  EXPECT_EQ(extended(own, working()).operators()[0].implementations.size(), working().kernels().size());
}

}  // namespace
}  // namespace lockstep
