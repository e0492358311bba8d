// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/dump.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/data/error.hpp"
#include "harness/data/npy.hpp"
#include "harness/data/random.hpp"
#include "harness/plan/case_inputs.hpp"
#include "harness/plan/plain_data.hpp"
#include "reports/totals.hpp"
#include "suites/drivers/images.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/replay/operator_run.hpp"

namespace lockstep {
namespace {

using Json = nlohmann::ordered_json;

// Dumping is the last step before the report: all of it together must stay a matter of seconds.
constexpr int kMostDumps = 20, kMostDumpsOfOne = 3;
constexpr std::int64_t kMostElements = 4'000'000;
constexpr double kMostFlops = 4e9;

template <class Number>
bool reads_as(const std::string& text, Number& value) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc{} && end == text.data() + text.size();
}

/// A token of an id as the JSON value it stands for.
Json json_of(const std::string& token) {
  if (token == "none") return nullptr;
  if (token == "true" || token == "false") return token == "true";
  if (token == "empty") return Json::array();
  std::string text = token;
  std::replace(text.begin(), text.end(), '_', '-');
  if (std::int64_t integer = 0; reads_as(text, integer)) return integer;
  if (double real = 0; reads_as(text, real) && std::isfinite(real)) return real;
  Json list = Json::array();
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('x', at), text.size());
    std::int64_t extent = 0;
    if (!reads_as(text.substr(at, end - at), extent)) return token;
    list.push_back(extent);
    at = end + 1;
  }
  return list;
}

/// A problem as the format of cases writes it, where that differs from its id.
struct CaseCall {
  std::string op;
  Json params = Json::object();
};

CaseCall call_of(const Problem& problem) {
  CaseCall call{.op = problem.operator_name};
  for (const auto& [name, token] : problem.parameters.tokens()) {
    // One axis in an id is a plain number, but these are lists to PyTorch.
    const bool is_list = name == "normalized_shape" || (name == "dim" && problem.operator_name == "mean");
    const bool is_text = name == "approximate";  // PyTorch's word "none", not its None
    Json value = is_text ? Json(token) : json_of(token);
    if (is_list && value.is_number()) value = Json::array({value});
    call.params[name] = std::move(value);
  }
  call.params.erase(std::string(kPlainData));                            // the arrays hold what it makes of them
  if (problem.operator_name == "layer_norm") call.params.erase("bias");  // said by the array's absence
  if (problem.operator_name == "batch_norm") {
    const std::size_t rank = problem.shape("x").size();
    const auto implied = static_cast<std::int64_t>(rank <= 3 ? 1 : rank - 2);
    call.op += std::to_string(problem.parameters.integer("dims", implied)) + "d";
    call.params.erase("dims");
  }
  return call;
}

/// The problem's own inputs as drawn, and those that only its forward has: they come from the same streams.
NamedValues draw_arrays(const Operator& definition, const Problem& problem, std::uint64_t seed) {
  NamedValues arrays;
  for (const Direction direction : {problem.direction, Direction::forward}) {
    Problem question = problem;
    question.direction = direction;
    const Signature signature = definition.signature(question);
    const std::vector<Values> drawn = draw_inputs(definition, question, signature, seed);
    for (std::size_t i = 0; i < drawn.size(); ++i)
      if (signature.inputs[i].role != Role::saved)
        arrays.emplace(signature.inputs[i].name,
                       is_floating(drawn[i].dtype()) ? drawn[i].rounded_to(DType::f64) : drawn[i]);
  }
  return arrays;
}

std::int64_t elements_of(const Signature& signature) {
  std::int64_t elements = 0;
  for (const auto* list : {&signature.inputs, &signature.outputs})
    for (const TensorSpec& spec : *list) elements += element_count(spec.shape);
  return elements;
}

class CaseFolder {
 public:
  explicit CaseFolder(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code failure;
    std::filesystem::create_directories(path_ / "f64", failure);
    if (failure) throw Error(path_.string() + ": cannot be made (" + failure.message() + ")");
  }
  void add(const char* list, const std::string& name, const Values& values) {
    write_npy((path_ / "f64" / (name + ".npy")).string(), values);
    description_[list].push_back(name);
    shapes_[name] = values.shape();
    dtypes_[name] = is_floating(values.dtype()) ? "float64" : "int64";
    for (std::int64_t i = 0; i < values.count(); ++i) is_finite_ = is_finite_ && std::isfinite(values[i]);
  }
  void write(Json head) {
    for (const char* list : {"inputs", "expected", "grad_outputs", "grads"})
      head[list] = description_.value(list, Json::array());
    head["shapes"] = shapes_;
    head["dtypes"] = dtypes_;
    head["equal_nan"] = !is_finite_;
    std::ofstream file(path_ / "case.json");
    file << head.dump(1) << "\n";
    file.flush();
    if (!file) throw Error((path_ / "case.json").string() + ": cannot be written");
  }

 private:
  std::filesystem::path path_;
  Json description_ = Json::object(), shapes_ = Json::object(), dtypes_ = Json::object();
  bool is_finite_ = true;
};

std::string name_of_dump(const Case& item, std::uint64_t seed) {
  char digits[17];
  const std::uint64_t hash = mix64(hash_name(item.problem().label()) ^ mix64(seed));
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(hash));
  return item.problem().operation() + "-" + item.implementation->name() + "-" + digits;
}

}  // namespace

std::string dump_case(const Case& item, std::uint64_t seed, const std::filesystem::path& folder) {
  const Operator& definition = *item.definition;
  Problem problem = item.problem();
  if (elements_of(definition.signature(problem)) > kMostElements || definition.cost(problem).flops > kMostFlops)
    throw Error(item.id() + " is too large to be dumped; accepted: 4 million elements, 4 Gflop");
  offer_fashion_mnist();  // drawing is the workers' task otherwise
  const NamedValues arrays = draw_arrays(definition, problem, seed);
  const Catalogued entry{.definition = &definition, .implementations = {}, .problems = {}};
  const CaseCall call = call_of(problem);

  const std::string name = name_of_dump(item, seed);
  CaseFolder written(folder / name);
  const bool backward = problem.direction == Direction::backward;
  for (const auto& [array, values] : arrays)
    written.add(array.starts_with("g_") ? "grad_outputs" : "inputs", array, values);
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    if (direction == Direction::backward && !backward) break;
    problem.direction = direction;
    for (const ComputedArray& array : evaluate_in_double(entry, problem, arrays).arrays)
      written.add(direction == Direction::forward ? "expected" : "grads", array.name, array.got);
  }
  written.write({{"id", name},
                 {"op", call.op},
                 {"params", call.params},
                 {"note", item.id() + " --seed " + std::to_string(seed)}});
  return name;
}

std::vector<DumpedCase> dump_failures(reports::Report& report, const Catalogue& catalogue,
                                      const std::filesystem::path& out) {
  std::vector<DumpedCase> dumped;
  std::map<std::string, int> dumped_of;
  for (reports::CaseResult& row : report.cases) {
    if (dumped.size() == kMostDumps || interrupted()) break;
    if (!reports::is_broken(row.outcome) || row.outcome == reports::Outcome::blind) continue;
    int& of_this = dumped_of[row.operator_name + "." + row.direction + "/" + row.implementation];
    if (of_this == kMostDumpsOfOne) continue;
    try {
      const std::string place = "failures/" + dump_case(catalogue.parse_case(row.id), row.seed, out / "failures");
      dumped.push_back({row.id, place});
      if (row.failure)
        row.failure->dump = place;
      else
        row.reason += "; dumped to " + place;
    } catch (const Error&) {
      continue;  // the rerun line gives the same data
    }
    ++of_this;
  }
  return dumped;
}

}  // namespace lockstep
