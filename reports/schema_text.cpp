// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "reports/release_file.hpp"
#include "reports/report_file.hpp"

namespace lockstep::reports {

// Embedded at build time from schema/.
std::string main_schema_text();
std::string training_schema_text();
std::string release_main_schema_text();

std::string report_schema_text() {
  // Two files for people, one schema for programs: the definitions of the second join those of the first.
  static const std::string file_name = "training.schema.json";
  std::string text = main_schema_text();
  const std::size_t place = text.find(file_name);
  Json schema = Json::parse(text.erase(place, file_name.size()));
  const Json training = Json::parse(training_schema_text());
  for (const auto& [name, definition] : training["$defs"].items()) schema["$defs"][name] = definition;
  return schema.dump(2);
}

std::string release_schema_text() {
  // Environment, run and faults are those of a report.
  static const std::string file_name = "report.schema.json";
  std::string text = release_main_schema_text();
  for (std::size_t place = text.find(file_name); place != std::string::npos; place = text.find(file_name))
    text.erase(place, file_name.size());
  Json schema = Json::parse(text);
  const Json report = Json::parse(report_schema_text());
  for (const char* name : {"environment", "gpu", "run", "fault"}) schema["$defs"][name] = report["$defs"][name];
  return schema.dump(2);
}

}  // namespace lockstep::reports
