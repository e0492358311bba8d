// SPDX-License-Identifier: Apache-2.0
#pragma once
// Holds a JSON document against a JSON Schema. It knows the keywords that report.schema.json uses and refuses a schema
// that uses another one: a keyword passed over in silence would be a check that cannot fail.

#include <string>
#include <vector>

#include "reports/report_file.hpp"

namespace lockstep::reports {

// One line per violation, each with its place ("cases[3].outcome: ..."), at most `limit` of them. Empty: it is valid.
// Known keywords: $ref (to #/$defs), type, const, enum, anyOf, properties, required, additionalProperties, items,
// minimum, minLength; $schema, $defs, title and description are notes. Throws Error for any other.
std::vector<std::string> schema_violations(const Json& schema, const Json& document, std::size_t limit = 20);

}  // namespace lockstep::reports
