// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/case_reader.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "harness/data/error.hpp"
#include "harness/data/npy.hpp"

namespace lockstep {
namespace {

using Json = nlohmann::json;

class DescriptionReader {
 public:
  explicit DescriptionReader(const std::filesystem::path& folder) : path_((folder / "case.json").string()) {
    std::ifstream file(path_, std::ios::binary);
    if (!file) throw Error(path_ + ": cannot be opened; accepted: a JSON file");
    // A folder opens, and throws where it is read.
    if (!std::filesystem::is_regular_file(path_)) throw Error(path_ + ": cannot be read; accepted: a JSON file");
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (file.bad()) throw Error(path_ + ": cannot be read; accepted: a JSON file");
    try {
      root_ = Json::parse(text);
    } catch (const Json::exception& error) {
      throw Error(path_ + ": is no JSON: " + one_line(error.what()) + "; accepted: an object with op, params, inputs");
    }
    if (!root_.is_object()) fail("holds " + std::string(root_.type_name()), "an object with op, params, inputs");
  }

  /// The key's value; null where it is absent or null.
  const Json& optional(const char* key) const {
    static const Json nothing;
    const auto found = root_.find(key);
    return found == root_.end() ? nothing : *found;
  }
  const Json& needed(const char* key) const {
    const auto found = root_.find(key);
    if (found == root_.end()) fail("lacks the key '" + std::string(key) + "'", "an object with op, params, inputs");
    return *found;
  }
  [[noreturn]] void fail(const std::string& what, const std::string& accepted) const {
    throw Error(path_ + ": " + what + "; accepted: " + accepted);
  }
  [[noreturn]] void wrong_type(const std::string& key, const Json& value, const std::string& accepted) const {
    fail("'" + key + "' is " + std::string(value.type_name()), accepted);
  }

  std::vector<std::string> names(const char* key, const Json& list) const {
    std::vector<std::string> names;
    if (list.is_null()) return names;
    if (!list.is_array()) wrong_type(key, list, "a list of names of arrays");
    for (const Json& item : list) {
      if (!item.is_string())
        wrong_type(std::string(key) + "[" + std::to_string(names.size()) + "]", item, "names of arrays");
      names.push_back(checked_name(key, item.get<std::string>()));
      if (std::count(names.begin(), names.end(), names.back()) > 1)
        fail("'" + std::string(key) + "' names '" + names.back() + "' twice", "each array once");
    }
    return names;
  }
  /// The members of an object, or none.
  const Json::object_t& members(const char* key) const {
    static const Json::object_t none;
    const Json& value = optional(key);
    if (value.is_null()) return none;
    if (!value.is_object()) wrong_type(key, value, "an object");
    return value.get_ref<const Json::object_t&>();
  }

 private:
  static std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  }
  std::string checked_name(const char* key, const std::string& name) const {
    const auto plain = [](unsigned char c) { return std::isalnum(c) || c == '_'; };
    if (name.empty() || !std::all_of(name.begin(), name.end(), plain))
      fail("'" + std::string(key) + "' names " + Json(name).dump(), "names of letters, digits and _");
    return name;
  }

  std::string path_;
  Json root_;
};

void set_parameter(Parameters& parameters, const std::string& name, const Json& value) {
  const auto scalar = [](const Json& item) -> std::string {
    Parameters one;
    if (item.is_null()) return "none";
    if (item.is_boolean())
      one.set_boolean("v", item.get<bool>());
    else if (item.is_number_unsigned())
      return std::to_string(item.get<std::uint64_t>());
    else if (item.is_number_integer())
      one.set_integer("v", item.get<std::int64_t>());
    else if (item.is_number())
      one.set_real("v", item.get<double>());
    else if (item.is_string())
      return item.get<std::string>();
    else
      return "(" + std::string(item.type_name()) + ")";
    return one.text("v", "");
  };
  if (!value.is_array()) return parameters.set(name, scalar(value));
  std::string token;
  for (const Json& item : value) token += (token.empty() ? "" : "x") + scalar(item);
  parameters.set(name, value.empty() ? "empty" : token);
}

std::string numpy_name(DType dtype) {
  switch (dtype) {
    case DType::f64: return "float64";
    case DType::f32: return "float32";
    case DType::f16: return "float16";
    case DType::i64: return "int64";
    case DType::u8: return "uint8";
    case DType::bf16: break;  // NumPy has none, and no .npy is read as one
  }
  return std::string(name_of(dtype));
}

}  // namespace

CaseDescription read_case_description(const std::filesystem::path& folder) {
  const DescriptionReader reader(folder);
  CaseDescription description;
  description.folder = folder;
  const Json& op = reader.needed("op");
  if (!op.is_string()) reader.wrong_type("op", op, "the operator's name as a string");
  description.op = op.get<std::string>();
  if (const Json& params = reader.needed("params"); !params.is_object())
    reader.wrong_type("params", params, "an object of parameters");
  for (const auto& [name, value] : reader.members("params")) set_parameter(description.parameters, name, value);
  if (const Json& inputs = reader.needed("inputs"); !inputs.is_array())
    reader.wrong_type("inputs", inputs, "a list of names of arrays");
  description.inputs = reader.names("inputs", reader.optional("inputs"));
  description.expected = reader.names("expected", reader.optional("expected"));
  description.grad_outputs = reader.names("grad_outputs", reader.optional("grad_outputs"));
  description.grads = reader.names("grads", reader.optional("grads"));

  for (const auto& [name, value] : reader.members("shapes")) {
    Shape shape;
    if (!value.is_array()) reader.wrong_type("shapes." + name, value, "a list of extents");
    for (const Json& extent : value) {
      if (!extent.is_number_integer() || extent < 0) reader.wrong_type("shapes." + name, value, "extents of 0 or more");
      shape.push_back(extent.get<std::int64_t>());
    }
    description.shapes.emplace(name, std::move(shape));
  }
  for (const auto& [name, value] : reader.members("dtypes")) {
    if (!value.is_string()) reader.wrong_type("dtypes." + name, value, "float64, int64, uint8, bool");
    description.dtypes.emplace(name, value.get<std::string>());
  }
  for (const auto& [name, value] : reader.members("f32_err")) {
    if (value.is_null()) continue;
    if (!value.is_object()) reader.wrong_type("f32_err." + name, value, "an object with max_abs, or null");
    const auto error = value.find("max_abs");
    if (error == value.end() || error->is_null()) continue;
    if (!error->is_number()) reader.wrong_type("f32_err." + name + ".max_abs", *error, "a number or null");
    description.float32_errors.emplace(name, error->get<double>());
  }
  const Json& equal_nan = reader.optional("equal_nan");
  if (!equal_nan.is_null() && !equal_nan.is_boolean()) reader.wrong_type("equal_nan", equal_nan, "true or false");
  description.equal_nan = equal_nan.is_boolean() && equal_nan.get<bool>();
  // `false` says what an absent key says; an object or a string carries PyTorch's message.
  const Json& refusal = reader.optional("expect_error");
  if (refusal.is_string())
    description.expect_error = refusal.get<std::string>();
  else if (refusal.is_object()) {
    const auto message = refusal.find("message");
    description.expect_error = message != refusal.end() && message->is_string() ? message->get<std::string>() : "";
  } else if (refusal.is_boolean()) {
    if (refusal.get<bool>()) description.expect_error = "";
  } else if (!refusal.is_null()) {
    reader.wrong_type("expect_error", refusal, "an object with type and message");
  }
  return description;
}

NamedValues read_case_arrays(const CaseDescription& description, const std::vector<std::string>& names) {
  NamedValues arrays;
  for (const std::string& name : names) {
    const std::string path = (description.folder / "f64" / (name + ".npy")).string();
    Values values = read_npy(path);
    const DType dtype = values.dtype();
    if (dtype != DType::f64 && is_floating(dtype))
      throw Error(path + ": dtype " + numpy_name(dtype) + "; accepted: float64, int64, uint8, bool");
    if (const auto stated = description.dtypes.find(name); stated != description.dtypes.end()) {
      const bool same = stated->second == numpy_name(dtype) || (stated->second == "bool" && dtype == DType::u8);
      if (!same)
        throw Error(path + ": dtype " + numpy_name(dtype) + "; accepted: " + stated->second + ", as case.json says");
    }
    if (const auto stated = description.shapes.find(name); stated != description.shapes.end())
      if (stated->second != values.shape())
        throw Error(path + ": shape " + to_text(values.shape()) + "; accepted: " + to_text(stated->second) +
                    ", as case.json says");
    arrays.insert_or_assign(name, std::move(values));
  }
  return arrays;
}

}  // namespace lockstep
