// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/training_case.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/data/error.hpp"
#include "harness/data/npy.hpp"
#include "suites/training/modes/modes.hpp"

namespace lockstep {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

/// An object of mode.json; says where a value is wrong.
class Section {
 public:
  Section(std::string where, const Json& object) : where_(std::move(where)), object_(object) {
    if (!object.is_object()) fail("holds " + std::string(object.type_name()), "an object");
  }

  [[noreturn]] void fail(const std::string& what, const std::string& accepted) const {
    throw Error(where_ + ": " + what + "; accepted: " + accepted);
  }
  const Json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  const Json& needed(const char* key) const {
    const Json* found = find(key);
    if (!found) fail("lacks the key '" + std::string(key) + "'", "an object with it");
    return *found;
  }
  std::string text(const char* key) const {
    const Json& value = needed(key);
    if (!value.is_string()) wrong(key, value, "a text");
    return value.get<std::string>();
  }
  double number(const char* key, double fallback) const {
    const Json* value = find(key);
    if (!value) return fallback;
    if (!value->is_number()) wrong(key, *value, "a number");
    return value->get<double>();
  }
  std::int64_t integer(const char* key, std::int64_t fallback) const {
    const Json* value = find(key);
    if (!value) return fallback;
    if (!value->is_number_integer()) wrong(key, *value, "an integer");
    return value->get<std::int64_t>();
  }
  /// A count that is small enough to make threads or loops of.
  int count(const char* key, int fallback) const {
    const std::int64_t value = integer(key, fallback);
    if (value < 1 || value > 4096) fail("'" + std::string(key) + "' is " + std::to_string(value), "1 to 4096");
    return static_cast<int>(value);
  }
  bool boolean(const char* key, bool fallback) const {
    const Json* value = find(key);
    if (!value) return fallback;
    if (!value->is_boolean()) wrong(key, *value, "true or false");
    return value->get<bool>();
  }
  [[noreturn]] void wrong(const char* key, const Json& value, const std::string& accepted) const {
    fail("'" + std::string(key) + "' is " + std::string(value.type_name()), accepted);
  }
  const std::string& where() const { return where_; }

 private:
  std::string where_;
  const Json& object_;
};

OptimizerPlan read_optimizer(const Section& section) {
  OptimizerPlan plan;
  plan.kind = section.text("kind");
  const bool is_adam = plan.kind == "adam" || plan.kind == "adamw";
  plan.lr = section.number("lr", is_adam ? 1e-3 : 0.1);
  plan.momentum = section.number("momentum", 0.0);
  plan.dampening = section.number("dampening", 0.0);
  plan.weight_decay = section.number("weight_decay", plan.kind == "adamw" ? 0.01 : 0.0);
  plan.nesterov = section.boolean("nesterov", false);
  plan.maximize = section.boolean("maximize", false);
  plan.amsgrad = section.boolean("amsgrad", false);
  plan.eps = section.number("eps", 1e-8);
  if (const Json* betas = section.find("betas")) {
    if (!betas->is_array() || betas->size() != 2 || !(*betas)[0].is_number() || !(*betas)[1].is_number())
      section.wrong("betas", *betas, "two numbers");
    plan.beta1 = (*betas)[0].get<double>();
    plan.beta2 = (*betas)[1].get<double>();
  }
  return plan;
}

ClippingPlan read_clipping(const Section& section) {
  ClippingPlan plan;
  const std::string type = section.text("type");
  if (type != "norm" && type != "value") section.fail("'type' is " + type, "norm, value");
  plan.kind = type == "norm" ? ClippingPlan::Kind::norm : ClippingPlan::Kind::value;
  plan.max = section.number("max", 1.0);
  if (const Json* p = section.find("p")) {
    if (p->is_string() && p->get<std::string>() == "inf")
      plan.norm_type = std::numeric_limits<double>::infinity();
    else
      plan.norm_type = section.number("p", 2.0);
  }
  return plan;
}

std::vector<RowRange> read_rows(const Section& section) {
  std::vector<RowRange> ranges;
  const Json* rows = section.find("rows");
  if (!rows) return ranges;
  if (!rows->is_array()) section.wrong("rows", *rows, "a list of [begin, end]");
  for (const Json& range : *rows) {
    if (!range.is_array() || range.size() != 2 || !range[0].is_number_integer() || !range[1].is_number_integer())
      section.wrong("rows", range, "a list of [begin, end]");
    ranges.push_back({range[0].get<std::int64_t>(), range[1].get<std::int64_t>()});
  }
  return ranges;
}

/// "rows/N" weighs micro-batches by their rows; "1/3" or 0.5, one part of as many as there are, equally.
bool weighs_equally(const Section& section) {
  const Json* scale = section.find("loss_scale");
  if (!scale) return false;
  if (scale->is_number()) return true;
  if (!scale->is_string()) section.wrong("loss_scale", *scale, "rows/N, 1/k or a number");
  return scale->get<std::string>() != "rows/N";
}

void read_plan(const Section& section, TrainingCase& item) {
  TrainingPlan& plan = item.plan;
  const std::string family = section.text("family");
  std::string served;
  for (const TrainingMode& mode : training_modes()) {
    served += (served.empty() ? "" : ", ") + mode.name;
    if (mode.name == family) plan.mode = family;
  }
  if (plan.mode != family) {
    item.not_served = "the family " + family + " is not served; accepted: " + served;
    return;
  }
  plan.ranks = section.count(family == "data_parallel" ? "replicas" : "ranks", 1);
  plan.micro_batches = section.count("micro_batches", section.count("accumulation_steps", 1));
  plan.micro_batches = section.count("micro_batches_per_rank", plan.micro_batches);
  plan.rows = read_rows(section);
  plan.weighs_micro_batches_equally = weighs_equally(section);
  plan.sync_batch_norm = section.boolean("sync_batch_norm", false);
  plan.broadcast_buffers = section.boolean("broadcast_buffers", true);
  plan.find_unused_parameters = section.boolean("find_unused_parameters", false);
  plan.optimizer = read_optimizer(Section(section.where() + ": 'optimizer'", section.needed("optimizer")));
  if (const Json* clip = section.find("clip"))
    plan.clipping = read_clipping(Section(section.where() + ": 'clip'", *clip));
}

Json parse(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path.string() + ": cannot be opened; accepted: a JSON file that says what to run");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    std::string reason = error.what();
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    throw Error(path.string() + ": is no JSON: " + reason + "; accepted: an object that says what to run");
  }
}

}  // namespace

TrainingCase read_training_case(const fs::path& folder) {
  const fs::path path = folder / "mode.json";
  const Json root = parse(path);
  const Section section(path.string(), root);
  TrainingCase item;
  item.folder = folder;
  item.model = section.text("model");
  read_plan(section, item);
  if (!item.not_served.empty()) return item;

  const fs::path model = fs::absolute(folder).lexically_normal().parent_path();
  const fs::path data = folder.has_filename() ? model : model.parent_path();
  item.initial = read_state(data / "init");
  item.x = read_npy((data / "data" / "x.npy").string());
  item.y = read_npy((data / "data" / "y.npy").string());
  const Shape &x = item.x.shape(), &y = item.y.shape();
  if (x.size() < 2 || y.size() < 2 || x[0] != y[0] || x[1] != y[1])
    throw Error((data / "data").string() + ": x has the shape " + to_text(x) + " and y " + to_text(y) +
                "; accepted: both [steps, N, ...]");
  item.steps = section.integer("steps", x[0]);
  if (item.steps < 1 || item.steps > x[0])
    throw Error(path.string() + ": 'steps' is " + std::to_string(item.steps) + "; accepted: 1 to the " +
                std::to_string(x[0]) + " of the data");
  return item;
}

Batch batch_of(const TrainingCase& item, std::int64_t step, DType dtype) {
  const auto take = [&](const Values& all) {
    Shape shape(all.shape().begin() + 1, all.shape().end());
    Values part(is_floating(all.dtype()) ? dtype : DType::i64, shape);
    for (std::int64_t i = 0; i < part.count(); ++i) part.set(i, all[step * part.count() + i]);
    return part;
  };
  return {take(item.x), take(item.y)};
}

}  // namespace lockstep
