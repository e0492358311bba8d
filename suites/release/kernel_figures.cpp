// SPDX-License-Identifier: Apache-2.0
#include "suites/release/kernel_figures.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/plugin/outside_name.hpp"
#include "reports/json_file.hpp"
#include "reports/json_reader.hpp"

namespace lockstep {
namespace {

constexpr const char* kFileName = "kernel_resources.json";

struct Found {
  reports::KernelFigures figures;
  std::string stem;  // of the source: "forward_warp_per_row"
};

std::vector<Found> kernels_of(const reports::JsonReader& root, const std::string& operator_name) {
  std::vector<Found> found;
  root.each("kernels", [&](const reports::JsonReader& from) {
    const std::string source = from.text("source");
    if (!source.starts_with(operator_name + "/")) return;
    found.push_back({{.name = readable_kernel_name(from.text("name")),
                      .source = source,
                      .architecture = from.text("architecture"),
                      .registers = from.integer<int>("registers"),
                      .spill_store_bytes = from.integer("spill_store_bytes"),
                      .spill_load_bytes = from.integer("spill_load_bytes"),
                      .stack_bytes = from.integer("stack_bytes"),
                      .shared_bytes = from.integer("shared_bytes")},
                     std::filesystem::path(source).stem().string()});
  });
  return found;
}

bool is_of_other_direction(const std::string& stem, const std::string& direction) {
  const std::string other = direction == "forward" ? "backward" : "forward";
  return stem.starts_with(other);
}

}  // namespace

std::string readable_kernel_name(const std::string& mangled) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status),
                                                    std::free);
  if (status != 0 || !text) return mangled;
  std::string name = text.get();
  // The parameters follow the last bracket that closes at depth 0.
  if (name.ends_with(")")) {
    int depth = 0;
    for (std::size_t at = name.size(); at-- > 0;) {
      if (name[at] == ')') ++depth;
      if (name[at] == '(' && --depth == 0) {
        name.erase(at);
        break;
      }
    }
  }
  for (const std::string prefix : {"void ", "lockstep::gpu::", "(anonymous namespace)::"})
    for (std::size_t at = name.find(prefix); at != std::string::npos; at = name.find(prefix))
      name.erase(at, prefix.size());
  return name;
}

std::optional<std::string> read_kernel_figures(const std::filesystem::path& folder, const ReleaseSubject& subject,
                                               reports::Release& release) {
  if (subject.sides.empty()) return "there is no kernel: its library could not be judged";
  const Implementation& candidate = *subject.sides.front().candidate;
  // What a library brings, or what runs on the CPU, was not compiled here.
  if (!library_of(candidate).empty())
    return candidate.name() +
           " was compiled elsewhere: `cuobjdump --dump-resource-usage` shows them of its build for a GPU";
  if (candidate.backend != Backend::cuda) return candidate.name() + " has no kernel of ours";
  const std::filesystem::path path = folder / kFileName;
  if (!std::filesystem::exists(path))
    return "this build compiled no CUDA kernels, so there is no " + std::string(kFileName) + " beside the program";
  const reports::Json document = reports::read_json_file(path);
  const reports::JsonReader root(document, path.string(), "");
  const std::vector<Found> all = kernels_of(root, std::string(subject.entry->definition->name()));
  std::set<std::string> taken;
  for (const ReleaseSide& side : subject.sides) {
    const std::string direction(name_of(side.direction)), idea = side.candidate->idea;
    const bool has_file = std::any_of(all.begin(), all.end(), [&](const Found& one) {
      return one.stem == direction + "_" + idea || one.stem == idea;
    });
    for (const Found& one : all) {
      const bool named = one.stem == direction + "_" + idea || one.stem == idea;
      if ((has_file ? named : !is_of_other_direction(one.stem, direction)) &&
          taken.insert(one.figures.source + one.figures.name + one.figures.architecture).second)
        release.kernels.push_back(one.figures);
    }
  }
  if (release.kernels.empty()) return path.string() + " holds no kernel of " + candidate.name();
  release.kernels_from = "From what ptxas said when this program was built (" + root.text("compiler") +
                         "), not from a GPU; dynamic shared memory depends on the launch and is not in it";
  return std::nullopt;
}

}  // namespace lockstep
