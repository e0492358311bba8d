// SPDX-License-Identifier: Apache-2.0
#include "suites/training/saved_training.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "harness/data/error.hpp"
#include "harness/data/npy.hpp"
#include "harness/data/random.hpp"
#include "suites/training/optimizer.hpp"

namespace lockstep {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kFormat = "lockstep training state";
constexpr int kVersion = 1;
constexpr const char *kModel = "model", *kOptimizer = "optimizer";

std::string hash_of(const Values& values) {
  const auto count = static_cast<std::size_t>(values.count());
  const std::uint64_t hash = values.floats()    ? hash_bytes(values.floats(), count * sizeof(float))
                             : values.doubles() ? hash_bytes(values.doubles(), count * sizeof(double))
                                                : hash_bytes(values.integers(), count * sizeof(std::int64_t));
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path.string() + ": cannot be opened");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.flush();
  if (!file) throw Error(path.string() + ": cannot be written");
}

void move(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::rename(from, to, failure);
  if (failure) throw Error(to.string() + ": cannot be written: " + failure.message());
}

void write_entries(const ModuleState& entries, const char* part, const fs::path& folder, Json& listed) {
  save_state(entries, folder / part);
  for (const auto& [name, values] : entries)
    listed[std::string(part) + "/" + name] = {{"shape", values.shape()}, {"contents", hash_of(values)}};
}

Json optimizer_json(const OptimizerPlan& plan) {
  return {{"kind", plan.kind},
          {"lr", plan.lr},
          {"momentum", plan.momentum},
          {"weight_decay", plan.weight_decay},
          {"nesterov", plan.nesterov}};
}

/// The number of the state that `latest` names; 0 where there is none yet.
int latest_number(const fs::path& folder) {
  if (!fs::exists(folder / "latest")) return 0;
  const std::string name = text_of(folder / "latest");
  int number = 0;
  return std::sscanf(name.c_str(), "state_%d", &number) == 1 ? number : 0;
}

/// The entries of one part, each as it was listed, and none besides.
ModuleState read_entries(const Json& listed, const std::string& part, const fs::path& folder) {
  const auto refuse = [&](const std::string& entry, const std::string& what) {
    throw Error(folder.string() + ": the entry '" + part + "/" + entry + "' " + what);
  };
  ModuleState entries;
  for (const auto& [key, form] : listed.items()) {
    if (!key.starts_with(part + "/")) continue;
    const std::string name = key.substr(part.size() + 1);
    const fs::path file = folder / part / (name + ".npy");
    if (!fs::exists(file)) refuse(name, "is missing");
    Values values = read_npy(file.string());
    if (values.shape() != form.at("shape").get<Shape>())
      refuse(name, "has the shape " + to_text(values.shape()) +
                       "; accepted: " + to_text(form.at("shape").get<Shape>()) + ", as it was written");
    if (hash_of(values) != form.at("contents").get<std::string>()) refuse(name, "was changed since it was written");
    entries[name] = std::move(values);
  }
  std::error_code none;
  for (const auto& file : fs::directory_iterator(folder / part, none))
    if (!entries.contains(file.path().stem().string())) refuse(file.path().stem().string(), "is unexpected");
  return entries;
}

SavedTraining read_listed(const Json& root, const fs::path& folder) {
  if (root.at("format") != kFormat || root.at("version") != kVersion)
    throw Error(folder.string() + ": training.json is of another format; accepted: " + kFormat + ", version " +
                std::to_string(kVersion));
  SavedTraining training;
  training.model = root.at("model");
  training.dtype = parse_dtype(root.at("dtype").get<std::string>());
  const Json& optimizer = root.at("optimizer");
  training.optimizer = {.kind = optimizer.at("kind"),
                        .lr = optimizer.at("lr"),
                        .momentum = optimizer.at("momentum"),
                        .weight_decay = optimizer.at("weight_decay"),
                        .nesterov = optimizer.at("nesterov")};
  training.scales_loss = root.at("scales_loss");
  training.data = root.at("data");
  training.seed = root.at("seed");
  training.rows = root.at("rows");
  training.mode = root.at("mode");
  training.ranks = root.at("ranks");
  TrainingState& state = training.state;
  state.step = root.at("step");
  state.loss_scale = root.at("loss_scale");
  state.steps_since_growth = root.at("steps_since_growth");
  state.model = read_entries(root.at("entries"), kModel, folder);
  state.optimizer = read_entries(root.at("entries"), kOptimizer, folder);
  return training;
}

}  // namespace

void prepare_for_saving(const fs::path& folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) throw Error(folder.string() + ": cannot be made: " + failure.message());
  write_text(folder / "latest.partial", "");
  fs::remove(folder / "latest.partial", failure);
}

void save_training(const SavedTraining& training, const fs::path& folder) {
  const TrainingState& state = training.state;
  const fs::path partial = folder / "partial";
  std::error_code failure;
  fs::remove_all(partial, failure);
  fs::create_directories(partial, failure);
  if (failure) throw Error(folder.string() + ": cannot be written: " + failure.message());
  Json root = {{"format", kFormat},
               {"version", kVersion},
               {"model", training.model},
               {"dtype", std::string(name_of(training.dtype))},
               {"optimizer", optimizer_json(training.optimizer)},
               {"scales_loss", training.scales_loss},
               {"data", training.data},
               {"seed", training.seed},
               {"rows", training.rows},
               {"mode", training.mode},
               {"ranks", training.ranks},
               {"step", state.step},
               {"loss_scale", state.loss_scale},
               {"steps_since_growth", state.steps_since_growth},
               {"entries", Json::object()}};
  write_entries(state.model, kModel, partial, root["entries"]);
  write_entries(state.optimizer, kOptimizer, partial, root["entries"]);
  write_text(partial / "training.json", root.dump(1) + "\n");
  const int before = latest_number(folder);
  const std::string name = "state_" + std::to_string(before + 1);
  fs::remove_all(folder / name, failure);
  move(partial, folder / name);
  write_text(folder / "latest.partial", name + "\n");
  move(folder / "latest.partial", folder / "latest");
  if (before > 0) fs::remove_all(folder / ("state_" + std::to_string(before)), failure);
}

SavedTraining read_training(const fs::path& folder) {
  if (!fs::exists(folder / "latest"))
    throw Error(folder.string() + ": holds no saved training ('latest' is missing); accepted: a folder that " +
                "lockstep train --save has written");
  const int number = latest_number(folder);
  const fs::path state = folder / ("state_" + std::to_string(number));
  if (number == 0 || !fs::exists(state))
    throw Error((folder / "latest").string() + ": names no saved state; accepted: state_<number>, a folder beside it");
  const std::string text = text_of(state / "training.json");
  try {
    return read_listed(Json::parse(text), state);
  } catch (const Json::exception& error) {
    std::string reason = error.what();
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    throw Error((state / "training.json").string() + ": cut off or malformed: " + reason);
  }
}

void expect_fits(const SavedTraining& training, const std::string& model, const OptimizerPlan& optimizer) {
  const auto made = find_model(model).make({.dtype = training.dtype});
  try {
    load_state(*made, training.state.model);
    Optimizer(optimizer, made->parameters()).load(training.state.optimizer);
  } catch (const Error& error) {
    throw Error("the saved state of " + training.model + " with " + training.optimizer.kind + ", for " + model +
                " with " + optimizer.kind + ": " + error.what());
  }
}

}  // namespace lockstep
