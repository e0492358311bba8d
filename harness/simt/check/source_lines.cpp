// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/check/source_lines.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <deque>
#include <filesystem>
#include <map>
#include <sstream>
#include <string_view>

extern char** environ;

namespace lockstep::simt::check {
namespace {

constexpr std::uintptr_t kPlaceTag = std::uintptr_t{1} << 47;

std::string hexadecimal(std::uintptr_t number) {
  char digits[24];
  std::snprintf(digits, sizeof(digits), "0x%lx", static_cast<unsigned long>(number));
  return digits;
}

/// What the program prints; empty if it cannot be started. No shell: paths may hold anything.
std::string output_of(std::vector<std::string> words) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return "";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const bool started = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string text;
  char piece[4096];
  for (ssize_t count = 0; started && (count = read(ends[0], piece, sizeof(piece))) > 0;)
    text.append(piece, static_cast<std::size_t>(count));
  close(ends[0]);
  if (started) waitpid(child, nullptr, 0);
  return text;
}

struct Module {
  std::string path;
  std::uintptr_t base = 0;  // what the loader added to the file's addresses
};

Module module_of(std::uintptr_t code) {
  Dl_info found{};
  link_map* map = nullptr;
  if (dladdr1(reinterpret_cast<void*>(code), &found, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0 || !map)
    return {"", 0};
  // The program itself has no name in the loader's list.
  return {map->l_name != nullptr && *map->l_name != '\0' ? map->l_name : "/proc/self/exe", map->l_addr};
}

bool is_machinery(const std::string& frame) {
  if (frame.starts_with("/usr/") || frame.starts_with("??")) return true;
  const std::size_t colon = frame.rfind(':');
  return frame.find("harness/simt/") != std::string::npos && colon >= 4 && frame.compare(colon - 4, 4, ".hpp") == 0;
}

/// Of the frames of one address, the innermost first, what a reader wants to see.
std::string told(const std::vector<std::string>& frames) {
  std::size_t at = 0;
  while (at + 1 < frames.size() && is_machinery(frames[at])) ++at;
  std::string text = frames[at];
  const auto file = [](const std::string& frame) { return frame.substr(0, frame.rfind(':')); };
  std::size_t caller = at;  // the kernel, in general: the outermost that is not the emulator's
  for (std::size_t i = at + 1; i < frames.size(); ++i)
    if (!is_machinery(frames[i])) caller = i;
  if (file(frames[caller]) != file(frames[at])) text += " (from " + frames[caller] + ")";
  return text;
}

/// From the root of the source tree, wherever the compiler was started: both
/// "(tree)/build/cpu/../../kernels/a.cu" and "../../kernels/a.cu" are "kernels/a.cu". Files from elsewhere keep their paths.
std::string plain_path(const std::string& frame) {
  constexpr std::string_view kTree = LOCKSTEP_SOURCE_FOLDER;
  std::string path = std::filesystem::path(frame).lexically_normal().string();
  if (path.starts_with(kTree)) path.erase(0, kTree.size());
  while (path.starts_with("../")) path.erase(0, 3);
  return path;
}

/// addr2line's lines "0xADDRESS", then "file:line (discriminator 3)" for each frame.
void read_frames(const std::string& text, std::map<std::uintptr_t, std::vector<std::string>>& frames) {
  std::istringstream lines(text);
  std::vector<std::string>* current = nullptr;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0x")) {
      current = &frames[std::stoull(line, nullptr, 16)];
    } else if (current != nullptr) {
      current->push_back(plain_path(line.substr(0, line.find(" ("))));
    }
  }
}

std::deque<SourcePlace> places;
std::map<std::uintptr_t, std::string> known_lines;

void look_up(const std::string& path, std::uintptr_t base, const std::vector<std::uintptr_t>& codes) {
  std::string file = path;
  if (path == "/proc/self/exe") {  // which would be addr2line for addr2line
    char target[4096];
    const ssize_t length = readlink(path.c_str(), target, sizeof(target));
    if (length > 0) file.assign(target, static_cast<std::size_t>(length));
  }
  std::vector<std::string> words{"addr2line", "-a", "-i", "-e", file};
  // A hook knows the address that it returns to; the call ends one byte before.
  for (const std::uintptr_t code : codes) words.push_back(hexadecimal(code - base - 1));
  std::map<std::uintptr_t, std::vector<std::string>> frames;
  read_frames(output_of(words), frames);
  for (const std::uintptr_t code : codes) {
    const auto found = frames.find(code - base - 1);
    const bool answered = found != frames.end() && !found->second.empty() && !found->second[0].starts_with("??");
    known_lines[code] =
        answered ? told(found->second) : file.substr(file.rfind('/') + 1) + "+" + hexadecimal(code - base - 1);
  }
}

}  // namespace

std::uintptr_t place_code(SourcePlace place) {
  for (const SourcePlace& known : places)
    if (known.line == place.line && known.file == place.file)
      return kPlaceTag | reinterpret_cast<std::uintptr_t>(&known);
  places.push_back(place);
  return kPlaceTag | reinterpret_cast<std::uintptr_t>(&places.back());
}

std::vector<std::string> source_lines(const std::vector<std::uintptr_t>& codes) {
  std::map<std::string, std::pair<std::uintptr_t, std::vector<std::uintptr_t>>> unknown;  // by module
  for (const std::uintptr_t code : codes) {
    if ((code & kPlaceTag) != 0) {
      known_lines[code] = plain_path(text(*reinterpret_cast<const SourcePlace*>(code & ~kPlaceTag)));
    } else if (!known_lines.contains(code)) {
      const Module module = module_of(code);
      known_lines[code] = hexadecimal(code);
      if (module.path.empty()) continue;
      unknown[module.path].first = module.base;
      unknown[module.path].second.push_back(code);
    }
  }
  for (const auto& [path, wanted] : unknown) look_up(path, wanted.first, wanted.second);
  std::vector<std::string> lines;
  for (const std::uintptr_t code : codes) lines.push_back(known_lines[code]);
  return lines;
}

}  // namespace lockstep::simt::check
