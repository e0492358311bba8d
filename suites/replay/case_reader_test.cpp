// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/case_reader.hpp"

#include <gmock/gmock.h>

#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace lockstep::testing;

class CaseReader : public ::testing::Test {
 protected:
  CaseDescription describe(const std::string& json) {
    write_text(folder() / "case.json", json);
    return read_case_description(folder());
  }
  std::string description_error(const std::string& json) {
    return error_of([&] { describe(json); });
  }
  /// The error of reading x.npy with this content.
  std::string array_error(const std::string& bytes, const std::string& more = "") {
    const CaseDescription description = describe(R"({"op": "relu", "params": {}, "inputs": ["x"])" + more + "}");
    write_text(folder() / "f64" / "x.npy", bytes);
    return error_of([&] { read_case_arrays(description, description.inputs); });
  }
  std::string npy_bytes(const Values& values) {
    write_npy((folder() / "any.npy").string(), values);
    return read_text(folder() / "any.npy");
  }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

TEST_F(CaseReader, ReadsEveryKindOfParameterAsAToken) {
  const CaseDescription description = describe(
      R"({"op": "mean", "inputs": ["x"],
          "params": {"none": null, "list": [3, -2], "nothing": [], "yes": true, "count": 7,
          "real": 1e-05, "word": "tanh", "nested": [[1]], "object": {}}})");
  const Parameters& read = description.parameters;
  EXPECT_EQ(description.op, "mean");
  EXPECT_TRUE(read.is_none("none"));
  EXPECT_EQ(read.integers("list", {}), (std::vector<std::int64_t>{3, -2}));
  EXPECT_EQ(read.integers("nothing", {1}), std::vector<std::int64_t>{});
  EXPECT_TRUE(read.boolean("yes", false));
  EXPECT_EQ(read.integer("count", 0), 7);
  EXPECT_EQ(read.real("real", 0), 1e-5);
  EXPECT_EQ(read.text("word", ""), "tanh");
  EXPECT_THROW(read.integers("nested", {}), Error);
  EXPECT_THROW(read.integer("object", 0), Error);
}

TEST_F(CaseReader, ReadsWhatIsExpected) {
  const CaseDescription description = describe(
      R"({"op": "relu", "params": {}, "inputs": ["x"], "expected": ["y"], "grads": null, "shapes": {"x": [2, 3]},
          "f32_err": {"y": {"max_abs": 0.25, "rel_to_max": null}, "d_x": {"max_abs": null}}, "equal_nan": true,
          "expect_error": {"type": "RuntimeError", "message": "no"}, "note": "for people"})");
  EXPECT_EQ(description.expected, std::vector<std::string>{"y"});
  EXPECT_TRUE(description.grads.empty());
  EXPECT_EQ(description.shapes.at("x"), (Shape{2, 3}));
  EXPECT_EQ(description.float32_errors.at("y"), 0.25);
  EXPECT_FALSE(description.float32_errors.contains("d_x"));
  EXPECT_TRUE(description.equal_nan);
  EXPECT_EQ(description.expect_error, "no");
  EXPECT_FALSE(describe(R"({"op": "relu", "params": {}, "inputs": []})").expect_error.has_value());
}

TEST_F(CaseReader, SaysWhatIsWrongWithAMalformedDescription) {
  const std::string path = (folder() / "case.json").string();
  EXPECT_THAT(error_of([&] { read_case_description(folder()); }),
              AllOf(HasSubstr(path), HasSubstr("cannot be opened")));
  EXPECT_THAT(description_error(""), AllOf(HasSubstr(path), HasSubstr("is no JSON")));
  EXPECT_THAT(description_error("{\"op\": \"relu\",\n "), AllOf(HasSubstr(path), HasSubstr("is no JSON")));
  EXPECT_THAT(description_error("\xff\xfe\x00"), HasSubstr("is no JSON"));
  EXPECT_THAT(description_error("[1]"), HasSubstr("holds array; accepted: an object with op, params, inputs"));
  EXPECT_THAT(description_error(R"({"params": {}, "inputs": []})"), HasSubstr("lacks the key 'op'"));
  EXPECT_THAT(description_error(R"({"op": "relu", "inputs": []})"), HasSubstr("lacks the key 'params'"));
  EXPECT_THAT(description_error(R"({"op": "relu", "params": {}})"), HasSubstr("lacks the key 'inputs'"));
  EXPECT_THAT(description_error(R"({"op": 3, "params": {}, "inputs": []})"), HasSubstr("'op' is number"));
  EXPECT_THAT(description_error(R"({"op": "relu", "params": [], "inputs": []})"), HasSubstr("'params' is array"));
  EXPECT_THAT(description_error(R"({"op": "relu", "params": {}, "inputs": "x"})"), HasSubstr("'inputs' is string"));
  EXPECT_THAT(description_error(R"({"op": "relu", "params": {}, "inputs": [1]})"),
              HasSubstr("accepted: names of arrays"));
  EXPECT_THAT(description_error(R"({"op": "relu", "params": {}, "inputs": ["x", "x"]})"), HasSubstr("'x' twice"));
  EXPECT_THAT(description_error(R"({"op": "relu", "params": {}, "inputs": ["x"], "shapes": {"x": [-1]}})"),
              HasSubstr("'shapes.x'"));
  EXPECT_THAT(description_error(R"({"op": "relu", "params": {}, "inputs": ["x"], "f32_err": {"y": 3}})"),
              HasSubstr("'f32_err.y' is number"));
  EXPECT_THAT(description_error(R"({"op": "relu", "params": {}, "inputs": ["x"], "equal_nan": "yes"})"),
              HasSubstr("'equal_nan' is string"));
}

TEST_F(CaseReader, KeepsArraysInsideTheCase) {
  EXPECT_THAT(description_error(R"({"op": "relu", "params": {}, "inputs": ["../../x"]})"),
              HasSubstr("accepted: names of letters, digits and _"));
}

TEST_F(CaseReader, SurvivesDeepNesting) {
  const std::string deep = std::string(200000, '[') + std::string(200000, ']');
  EXPECT_THAT(description_error(R"({"op": "relu", "params": {}, "inputs": [)" + deep + "]}"),
              HasSubstr("'inputs[0]' is array"));
}

TEST_F(CaseReader, SaysWhatIsWrongWithAMalformedArray) {
  const std::string path = (folder() / "f64" / "x.npy").string();
  const std::string good = npy_bytes(doubles({2, 2}, {1, 2, 3, 4}));
  EXPECT_THAT(array_error(""), AllOf(HasSubstr(path), HasSubstr("not a .npy file")));
  EXPECT_THAT(array_error("not numpy at all"), HasSubstr("not a .npy file"));
  EXPECT_THAT(array_error(good.substr(0, 20)), AllOf(HasSubstr(path), HasSubstr("truncated .npy header")));
  EXPECT_THAT(array_error(good.substr(0, good.size() - 1)), AllOf(HasSubstr(path), HasSubstr("truncated")));
  EXPECT_THAT(array_error(good + "x"), HasSubstr("1 bytes after the data"));
  std::string complex = good;
  complex.replace(complex.find("<f8"), 3, "<c8");
  EXPECT_THAT(array_error(complex), AllOf(HasSubstr(path), HasSubstr("dtype '<c8'")));
  EXPECT_THAT(array_error(npy_bytes(doubles({2}, {1, 2}, DType::f32))),
              HasSubstr("dtype float32; accepted: float64, int64, uint8, bool"));
  EXPECT_THAT(array_error(good, R"(, "dtypes": {"x": "int64"})"), HasSubstr("dtype float64; accepted: int64"));
  EXPECT_THAT(array_error(good, R"(, "shapes": {"x": [4]})"), HasSubstr("shape [2, 2]; accepted: [4]"));
  std::filesystem::remove(folder() / "f64" / "x.npy");
  const CaseDescription description = describe(R"({"op": "relu", "params": {}, "inputs": ["x"]})");
  EXPECT_THAT(error_of([&] { read_case_arrays(description, {"x"}); }),
              AllOf(HasSubstr(path), HasSubstr("cannot be opened")));
}

}  // namespace
}  // namespace lockstep
