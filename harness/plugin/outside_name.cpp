// SPDX-License-Identifier: Apache-2.0
#include "harness/plugin/outside_name.hpp"

#include <algorithm>
#include <filesystem>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::string library_name(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  name = name.substr(0, name.find(".so"));
  if (name.starts_with("lib") && name.size() > 3) name.erase(0, 3);
  for (const std::string_view flavour : {"_emulated", "_checked"})
    if (name.ends_with(flavour) && name.size() > flavour.size()) name.erase(name.size() - flavour.size());
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_name_character(c); }, '_');
  const auto is_taken = [&name](Backend backend) { return name == name_of(backend); };
  const Backend backends[]{Backend::reference, Backend::onednn, Backend::cuda, Backend::cudnn, Backend::cublas};
  if (name.empty() || std::any_of(std::begin(backends), std::end(backends), is_taken))
    throw Error("--load " + path + ": its implementations would be called '" + name +
                "....', which is taken; accepted: a file name other than reference, onednn, cuda, cudnn, cublas");
  return name;
}

std::string_view owner_in_name(std::string_view implementation_name) {
  return implementation_name.substr(0, std::min(implementation_name.find('.'), implementation_name.size()));
}

std::string_view library_of(const Implementation& implementation) {
  const std::string_view idea = implementation.idea;
  return idea.find('.') == std::string_view::npos ? std::string_view{} : owner_in_name(idea);
}

std::string_view owner_of(const Implementation& implementation) {
  const std::string_view library = library_of(implementation);
  return library.empty() ? name_of(implementation.backend) : library;
}

}  // namespace lockstep
