// SPDX-License-Identifier: Apache-2.0
#include "reports/report_file.hpp"

namespace lockstep::reports {

// Embedded at build time from schema/.
std::string main_schema_text();
std::string training_schema_text();

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

}  // namespace lockstep::reports
