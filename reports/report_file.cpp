// SPDX-License-Identifier: Apache-2.0
#include "reports/report_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/data/error.hpp"
#include "reports/json_file.hpp"

namespace lockstep::reports {
namespace {

constexpr const char* kAccepted = "; accepted: a report.json that lockstep wrote";

std::string read_text(const std::filesystem::path& path) {
  std::error_code problem;
  const auto status = std::filesystem::status(path, problem);
  if (!std::filesystem::exists(status)) throw Error(path.string() + ": no such report" + kAccepted);
  if (std::filesystem::is_directory(status)) {
    throw Error(path.string() + " is a folder; accepted: a report, usually report.json in it");
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // An empty file would set failbit here, which is why emptiness is asked of the text.
  text << file.rdbuf();
  if (!file.is_open() || file.bad())
    throw Error(path.string() + ": cannot be read: " + std::strerror(errno) + kAccepted);
  return text.str();
}

[[noreturn]] void fail_to_write(const std::filesystem::path& path, const std::string& why) {
  throw Error(path.string() + ": cannot be written: " + why + "; accepted: a file in a folder that can be written");
}

// Removes the temporary file unless the rename took it away.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

std::string json_file_text(const Json& document) {
  const auto compact = [](const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); };
  std::string text = "{";
  for (const auto& [key, value] : document.items()) {
    text += (text.size() > 1 ? ",\n" : "\n") + compact(key) + ": ";
    if (!value.is_array() || value.empty()) {
      text += compact(value);
      continue;
    }
    std::string separator = "[\n";
    for (const Json& element : value) {
      text += separator + compact(element);
      separator = ",\n";
    }
    text += "\n]";
  }
  return text + "\n}\n";
}

void write_text_atomically(const std::filesystem::path& path, const std::string& text) {
  // The process id keeps two runs into one folder from writing into the same temporary file.
  std::filesystem::path name = path;
  name += "." + std::to_string(::getpid()) + ".part";
  const TemporaryFile temporary(name);
  {
    std::ofstream file(temporary.path(), std::ios::binary | std::ios::trunc);
    if (!file) fail_to_write(path, std::strerror(errno));
    file << text;
    file.close();
    if (!file) fail_to_write(path, std::strerror(errno));
  }
  std::error_code problem;
  std::filesystem::rename(temporary.path(), path, problem);
  if (problem) fail_to_write(path, problem.message());
}

Json read_json_file(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    throw Error(path.string() + " is empty, not a report" + kAccepted);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& problem) {
    // The parser points one past the last byte it saw: a document that stops there was cut off.
    const bool cut_off = problem.byte >= text.size();
    throw Error(path.string() + (cut_off ? " is cut off: the JSON ends early, after byte " : " is not JSON: byte ") +
                std::to_string(cut_off ? text.size() : problem.byte) + kAccepted);
  } catch (const Json::out_of_range&) {
    throw Error(path.string() + " holds a number that no double holds" + kAccepted);
  }
}

Report read_report(const std::filesystem::path& path) { return from_json(read_json_file(path), path.string()); }

void write_report(const std::filesystem::path& path, const Report& report) {
  write_text_atomically(path, json_file_text(to_json(report)));
}

}  // namespace lockstep::reports
