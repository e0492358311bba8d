// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>
#include "suites/drivers/options.hpp"

#include "reference/models/model.hpp"
#include "suites/drivers/cli.hpp"
#include "suites/drivers/environment.hpp"
#include "suites/drivers/library_list.hpp"
#include "suites/drivers/selection.hpp"
#include "suites/drivers/worker.hpp"

namespace lockstep {
namespace {

void list_operators(const Catalogue& catalogue) {
  for (const Catalogued& entry : catalogue.operators()) {
    std::cout << entry.definition->name() << "  (" << entry.problems.size() << " problems)\n";
    for (const Implementation& implementation : entry.implementations)
      std::cout << "  " << name_of(implementation.direction) << "/" << implementation.name() << "\n";
  }
}

void list_models() {
  std::cout << "models for train and scale\n";
  for (const ModelDefinition& model : model_definitions())
    std::cout << "  " << model.name << "  (" << model.parameter_count << " parameters)  " << model.description << "\n";
}

}  // namespace

CommandBody add_list_command(Options& command, const Surroundings& surroundings) {
  auto with_cases = std::make_shared<bool>(false);
  auto selection = std::make_shared<Selection>();
  selection->add_load_option(command);
  command.add_flag("--cases", *with_cases, "ids of the cases, one a line");
  command.add_option("--suite", selection->suite, "smoke, nightly or release").show_default();
  command.add_option("--filter", selection->filters, "only cases whose id matches");
  return [=](const std::vector<std::string>&) -> int {
    sets_of_suite(selection->suite);  // a misspelt suite is an error even where no case is listed
    const ListedLibraries libraries(surroundings.catalogue, *selection, surroundings.program);
    if (!*with_cases && selection->filters.empty()) {
      list_operators(libraries.catalogue());
      list_models();
    } else {
      for (const Case& item : libraries.select()) std::cout << item.id() << "\n";
    }
    for (const LibraryFailure& failure : libraries.failures())
      std::cerr << "lockstep: " << failure.id() << " " << name_of(failure.outcome) << ": " << failure.reason << "\n";
    return libraries.failures().empty() ? kPassed : kFailed;
  };
}

CommandBody add_doctor_command(Options&, const Surroundings& surroundings) {
  return [&catalogue = surroundings.catalogue](const std::vector<std::string>&) -> int {
    const reports::Environment e = describe_environment();
    std::cout << "machine    " << e.cpu_model << ", " << e.cores << " cores, " << e.memory_bytes / (1 << 30) << " GiB, "
              << e.os << "\n";
    std::cout << "build      " << e.compiler << ", " << e.build_type << ", revision " << e.revision
              << (e.dirty ? " with changes" : "") << "\n";
    std::cout << "cuda       "
              << (e.cuda.compiled ? "compiled with toolkit " + e.cuda.toolkit.value_or("") : "not compiled") << "\n";
    for (const reports::NamedText& library : e.libraries)
      std::cout << "library    " << library.name << " " << library.value << "\n";
    for (const reports::Reason& reason : e.reasons)
      std::cout << "cannot     " << reason.what << ": " << reason.why << "\n";
    std::cout << "operators  " << catalogue.operators().size() << "\n";
    return kPassed;
  };
}

CommandBody add_worker_command(Options& command, const Surroundings& surroundings) {
  auto options = std::make_shared<WorkerOptions>();
  command.add_option("--device", options->device);
  command.add_option("--memory-limit-bytes", options->memory_limit_bytes);
  command.add_option("--load", options->libraries);
  command.add_option("--workspace-limit", options->workspace_limit_bytes);
  return [=, &catalogue = surroundings.catalogue](const std::vector<std::string>&) -> int {
    return worker_main(catalogue, *options);
  };
}

CommandBody add_describe_library_command(Options& command, const Surroundings&) {
  auto path = std::make_shared<std::string>();
  command.add_option("path", *path).required();
  return [=](const std::vector<std::string>&) -> int { return describe_library(*path); };
}

}  // namespace lockstep
