// SPDX-License-Identifier: Apache-2.0
#include "suites/release/kernel_figures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suites/operators/problems.hpp"
#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

std::string kernel(const std::string& name, const std::string& source) {
  return R"({"name": ")" + name + R"(", "source": ")" + source +
         R"(", "architecture": "sm_90", "registers": 46, "stack_bytes": 8, "spill_store_bytes": 4, )" +
         R"("spill_load_bytes": 12, "shared_bytes": 4096})";
}

class KernelFigures : public ::testing::Test {
 protected:
  ReleaseSubject subject(const std::string& candidate, const std::string& direction) const {
    ReleaseRequest request;
    request.operator_name = "layer_norm";
    request.candidate = candidate;
    request.baseline = "reference.plain_float";
    request.direction = direction;
    return find_subject(request, ListedLibraries(catalogue(), {}, "no program is asked"));
  }
  void write(const std::string& text) const { testing::write_text(folder_.path() / "kernel_resources.json", text); }
  testing::TemporaryFolder folder_;
};

TEST(KernelName, IsReadable) {
  EXPECT_EQ(readable_kernel_name("_ZN8lockstep3gpu56_GLOBAL__N__2df30206_23_forward_warp_per_row_cu_3c7dbfcf20forward_"
                                 "warp_per_rowI13__nv_bfloat16Li1ELi32EEEvPKT_S6_S6_PS4_lillf"),
            "forward_warp_per_row<__nv_bfloat16, 1, 32>");
  EXPECT_EQ(readable_kernel_name("my_kernel"), "my_kernel");
}

TEST_F(KernelFigures, AreThoseOfTheCandidatesFile) {
  write("{\"compiler\": \"nvcc 13\", \"kernels\": [" + kernel("one", "layer_norm/forward_warp_per_row.cu") + "," +
        kernel("two", "layer_norm/forward_block_per_row.cu") + "," +
        kernel("three", "layer_norm/backward_warp_per_row.cu") + "," +
        kernel("four", "softmax/forward_warp_per_row.cu") + "]}");
  reports::Release forward;
  EXPECT_EQ(read_kernel_figures(folder_.path(), subject("cuda.warp_per_row", "forward"), forward), std::nullopt);
  ASSERT_EQ(forward.kernels.size(), 1u);
  EXPECT_EQ(forward.kernels[0].name, "one");
  EXPECT_EQ(forward.kernels[0].registers, 46);
  EXPECT_EQ(forward.kernels[0].spill_store_bytes, 4);
  EXPECT_EQ(forward.kernels[0].shared_bytes, 4096);
  EXPECT_THAT(forward.kernels_from, HasSubstr("nvcc 13"));
  reports::Release both;
  EXPECT_EQ(read_kernel_figures(folder_.path(), subject("cuda.warp_per_row", "both"), both), std::nullopt);
  EXPECT_EQ(both.kernels.size(), 2u);
}

TEST_F(KernelFigures, SayWhyThereAreNone) {
  reports::Release release;
  EXPECT_THAT(*read_kernel_figures(folder_.path(), subject("cuda.warp_per_row", "forward"), release),
              HasSubstr("compiled no CUDA kernels"));
  write("{\"compiler\": \"nvcc 13\", \"kernels\": []}");
  EXPECT_THAT(*read_kernel_figures(folder_.path(), subject("cuda.warp_per_row", "forward"), release),
              HasSubstr("holds no kernel of cuda.warp_per_row"));
  write("{\"compiler\": \"nvcc 13\"}");
  EXPECT_THROW(read_kernel_figures(folder_.path(), subject("cuda.warp_per_row", "forward"), release), Error);
  EXPECT_TRUE(release.kernels.empty());
}

}  // namespace
}  // namespace lockstep
