// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/dump.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "suites/operators/problems.hpp"
#include "suites/replay/replay.hpp"
#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using Json = nlohmann::json;
using testing::TemporaryFolder;

/// Dumps a case of the reference and reads its description.
Json dump(const TemporaryFolder& folder, const std::string& operation, const std::string& label,
          std::uint64_t seed = 3) {
  static const Catalogue cases = catalogue();
  const std::string name =
      dump_case(cases.parse_case(operation + "/reference.plain_float/" + label), seed, folder.path());
  return Json::parse(testing::read_text(folder.path() / name / "case.json"));
}

TEST(Dump, WritesParametersAsPyTorchHasThem) {
  const TemporaryFolder folder;
  const auto params = [&](const std::string& operation, const std::string& label) {
    return dump(folder, operation, label + ",dtype=f32")["params"];
  };
  EXPECT_EQ(params("layer_norm.forward", "x=2x6,normalized_shape=6,eps=1e_06"),
            Json::parse(R"({"normalized_shape": [6], "eps": 1e-06})"));
  EXPECT_EQ(params("layer_norm.forward", "x=2x3x4,normalized_shape=3x4,affine=false"),
            Json::parse(R"({"normalized_shape": [3, 4], "affine": false})"));
  EXPECT_EQ(params("batch_norm.forward", "x=2x3x4x4,momentum=none"), Json::parse(R"({"momentum": null})"));
  EXPECT_EQ(params("mean.forward", "x=2x3,dim=1,keepdim=true"), Json::parse(R"({"dim": [1], "keepdim": true})"));
  EXPECT_EQ(params("mean.forward", "x=2x3x4,dim=0x_1"), Json::parse(R"({"dim": [0, -1]})"));
  EXPECT_EQ(params("mean.forward", "x=2x3,dim=none"), Json::parse(R"({"dim": null})"));
  EXPECT_EQ(params("softmax.forward", "x=2x3,dim=_1"), Json::parse(R"({"dim": -1})"));
  EXPECT_EQ(params("gelu.forward", "x=2x3,approximate=none"), Json::parse(R"({"approximate": "none"})"));
  EXPECT_EQ(params("add.forward", "a=2x3,b=3,alpha=_0.5"), Json::parse(R"({"alpha": -0.5})"));
  EXPECT_EQ(dump(folder, "batch_norm.forward", "x=4x3,dtype=f32")["op"], "batch_norm1d");
  EXPECT_EQ(dump(folder, "batch_norm.forward", "x=2x3x2x2x2,dtype=f32")["op"], "batch_norm3d");
}

TEST(Dump, IsReplayedWithoutADifference) {
  const TemporaryFolder folder, results;
  const std::vector<std::pair<std::string, std::string>> problems{
      {"add", "a=5x3,b=3,alpha=_0.5"},
      {"batch_norm", "x=4x3x5"},
      {"batch_norm", "x=4x3x5x2,training=false"},
      {"batch_norm", "x=4x3x5x2,affine=false,track_running_stats=false"},
      {"channel_shuffle", "x=2x6x4,groups=3"},
      {"gelu", "x=7x5,approximate=tanh"},
      {"layer_norm", "x=6x8,normalized_shape=8"},
      {"layer_norm", "x=6x8,normalized_shape=8,bias=false"},
      {"linear", "x=4x5,weight=3x5"},
      {"linear", "x=4x5,weight=3x5,bias=false"},
      {"mean", "x=4x5x6,dim=0x2"},
      {"relu", "x=40"},
      {"softmax", "x=4x9,dim=_1"},
  };
  for (const auto& [name, label] : problems)
    for (const char* direction : {".forward", ".backward"})
      for (const char* dtype : {"f32", "bf16"}) {
        const Json description = dump(folder, name + direction, label + ",dtype=" + dtype);
        EXPECT_FALSE(description["expected"].empty());
        EXPECT_EQ(description["grads"].empty(), std::string(direction) == ".forward");
      }
  dump(folder, "relu.forward", "x=300,dtype=f32,fill=special");
  const std::size_t cases = 4 * problems.size() + 1;
  for (const DType dtype : {DType::f64, DType::f32}) {
    std::ostringstream out, err;
    EXPECT_EQ(replay({.folders = {folder.path().string()}, .out = results.path().string(), .dtype = dtype}, catalogue(),
                     out, err),
              0)
        << out.str() << err.str();
    EXPECT_THAT(out.str(),
                ::testing::HasSubstr(std::to_string(cases) + " cases, " + std::to_string(cases) + " agreed"));
  }
}

TEST(Dump, DrawsWhatTheSeedDraws) {
  const TemporaryFolder folder;
  const std::string label = "x=4x5,dtype=f32";
  const auto x_of = [&](std::uint64_t seed) {
    const Json description = dump(folder, "relu.forward", label, seed);
    return testing::read_text(folder.path() / description["id"].get<std::string>() / "f64" / "x.npy");
  };
  EXPECT_EQ(x_of(1), x_of(1));
  EXPECT_NE(x_of(1), x_of(2));
}

TEST(Dump, LeavesOutWhatIsTooLarge) {
  const TemporaryFolder folder;
  EXPECT_THAT(testing::error_of([&] { dump(folder, "relu.forward", "x=3000x3000,dtype=f32"); }),
              ::testing::HasSubstr("too large to be dumped"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace lockstep
