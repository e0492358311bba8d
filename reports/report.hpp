// SPDX-License-Identifier: Apache-2.0
#pragma once
// One run's report: plain structs that the suites fill and that every renderer reads. The JSON file that stores them
// (report_file.hpp) is described in schema/report.schema.json. Counts, worst margins and verdict sentences are derived
// from these (totals.hpp) and never stored, so that a report cannot contradict itself.
//
// Unknown values are empty: an empty string, std::nullopt, or NaN for a number whose field says so. Every member has an
// initialiser, so that designated initialisers may leave out what is unknown.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/fuzz_report.hpp"
#include "reports/outcome.hpp"
#include "reports/training_report.hpp"

namespace lockstep::reports {

inline constexpr int report_version = 1;

struct NamedText {
  std::string name = {};
  std::string value = {};
};

// Something that this machine or build could not do: what = "cuda kernels on a GPU", why = "no GPU was found".
struct Reason {
  std::string what = {};
  std::string why = {};
};

struct GpuDevice {
  std::string name = {};                // "NVIDIA H200"
  std::string driver = {};              // "580.65"
  std::string compute_capability = {};  // "9.0"
  std::int64_t memory_bytes = 0;
  std::int64_t l2_bytes = 0;
  int multiprocessors = 0;
};

struct CudaBuild {
  bool compiled = false;                    // the kernels were compiled with nvcc (the emulator is there either way)
  std::optional<std::string> toolkit = {};  // "13.0"
};

struct Environment {
  std::string date_utc = {};  // ISO 8601, "2026-11-20T02:14:00Z"
  std::string host_name = {};
  std::string cpu_model = {};
  int cores = 0;
  std::int64_t memory_bytes = 0;
  std::string os = {};      // "Debian GNU/Linux 12"
  std::string kernel = {};  // "6.1.0-28-amd64"
  std::string compiler = {};
  std::string build_type = {};
  std::string revision = {};
  bool dirty = false;                     // the working tree differed from the revision
  std::vector<NamedText> libraries = {};  // name, version
  std::optional<GpuDevice> gpu = {};
  CudaBuild cuda = {};
  std::vector<Reason> reasons = {};
};

// What Google Benchmark's context holds beyond the environment.
struct Cache {
  std::string type = {};  // "Data", "Instruction", "Unified"
  int level = 0;
  std::int64_t size_bytes = 0;
  int num_sharing = 0;
};
struct Context {
  std::string executable = {};
  double mhz_per_cpu = 0;
  bool cpu_scaling_enabled = false;
  std::vector<Cache> caches = {};
  std::vector<double> load_average = {};
};

struct Run {
  std::string command = {};  // the whole command line, as one would type it again
  std::string suite = {};    // "smoke", "nightly", "release", "verify", "bench"
  std::string filter = {};
  std::uint64_t seed = 0;
  std::vector<std::uint64_t> seeds = {};  // every base seed of the run; `seed` alone when empty
  std::string started_utc = {};
  double seconds = 0;
  bool interrupted = false;
  int workers = 0;
  int exit_status = 0;
  std::optional<std::int64_t> expected_cases = {};
};

enum class Determinism { yes, no, not_promised, not_checked };

// Where the errors lie: the output seen as a matrix and cut into rows x columns tiles.
struct FailureMap {
  int rows = 0;
  int columns = 0;
  std::vector<double> cells = {};  // [rows * columns], largest error in bounds; NaN: something there was not finite
};

struct Failure {
  std::string output = {};               // name of the output: "grad_weight"
  std::vector<std::int64_t> index = {};  // of the worst element, by axis
  double expected = 0;                   // may be non-finite
  double got = 0;                        // may be non-finite
  double error_in_bounds = 0;            // may be non-finite
  std::string gate = {};     // "bound", "rms", "exact", "finite", "canary", "input", "determinism", "unwritten"
  std::string message = {};  // one sentence
  std::optional<FailureMap> map = {};
  std::string rerun = {};  // command line that repeats this case
  std::string dump = {};   // folder of the dumped case, or ""
};

// The simplest case found that fails as this one does: smaller shapes, parameters at their defaults, plainer data.
struct SmallestCase {
  std::string id = {};       // operator.direction/implementation/problem
  std::string finding = {};  // in what way both fail: "failed: a wrong value", "crashed: killed by signal 11"
  std::string rerun = {};    // command line that repeats it
  std::string dump = {};     // folder of the dumped case, or ""
  std::int64_t trials = 0;
  double seconds = 0;
  bool complete = false;  // nothing simpler that is tried fails; false: the time was up first
};

// How close to the gates the worst judged element came. Both may be non-finite in a failed case.
struct Margins {
  double worst_bound = 0;  // largest |error| / bound; the gate is 1
  double worst_rms = 0;    // largest |error| / rms; the gate is 8. NaN where the statistical gate does not apply
  bool exact = false;      // the outputs had to be bit-equal
  std::int64_t mismatches_to_correct_rounding = 0;
};

struct CaseSeconds {
  double fill = 0;
  double run = 0;
  double judge = 0;
};

struct CaseResult {
  std::string id = {};              // operator.direction/implementation/problem...; unique in a report
  std::string operator_name = {};   // "layer_norm"
  std::string direction = {};       // "forward", "backward"
  std::string implementation = {};  // "cuda.warp_per_row"
  std::string backend = {};         // "cuda", "onednn", "cudnn", "reference"
  std::string device = {};          // "cpu", "emulated", "gpu", "" when it did not run
  std::string dtype = {};           // "float32"
  std::string layout = {};          // "contiguous"
  std::string fill = {};            // "normal"
  std::string problem = {};         // label: "rows=4096,cols=1024"
  std::string problem_set = {};     // "smoke", "edges", "models", "images"
  std::string source = {};          // where the shape comes from: "BERT-base, encoder LayerNorm"
  Outcome outcome = Outcome::skipped;
  std::string reason = {};  // why not passed, in words; "" when passed
  std::uint64_t seed = 0;   // the worst one where several were judged
  std::int64_t seeds_judged = 1;
  std::int64_t elements_total = 0;       // of all outputs, all seeds
  std::int64_t elements_judged = 0;      // of these, how many against the bound
  std::vector<std::string> orders = {};  // thread orders of the emulator: "forward", "reverse", "random"
  std::optional<Margins> margins = {};   // empty when nothing was judged
  Determinism deterministic = Determinism::not_checked;
  CaseSeconds seconds = {};
  std::optional<Failure> failure = {};
  std::optional<SmallestCase> smallest = {};  // of a broken case that was shrunk
};

enum class FaultStatus { caught, missed, equivalent, below_resolution, blind };

// One declared fault in one (operator, direction, dtype).
struct FaultResult {
  std::string operator_name = {};
  std::string direction = {};
  std::string dtype = {};
  std::string fault = {};        // "eps_doubled"
  std::string description = {};  // "eps 2e-5 instead of 1e-5"
  FaultStatus status = FaultStatus::caught;
  std::int64_t cases_applied = 0;
  std::int64_t cases_caught = 0;
  std::string example_id = {};  // a case in which it was caught (or missed)
  double effect_in_gates = 0;   // largest effect over the applied cases, in gates; may be non-finite
  std::string note = {};        // for equivalent and below_resolution: why
};

enum class MeasurementKind { cpu_wall, gpu_cold, gpu_warm_graph, gpu_launch_inclusive };
enum class Role { own, vendor, reference };
// What one sample is: the median over one process's iterations (independent of the others), or one iteration.
enum class SampleUnit { process_median, iteration };

struct GpuState {
  double clock_mhz = 0;
  double power_watts = 0;
  double temperature_celsius = 0;
  std::string throttle = {};  // reasons in words, "" when none
};

struct Measurement {
  std::string id = {};  // of the case; (id, kind) is unique in a report
  std::string implementation = {};
  std::string operator_name = {};
  std::string direction = {};
  std::string dtype = {};
  std::string problem = {};
  std::string device = {};  // "cpu", "gpu"
  std::string peer_group =
      {};  // equal in all implementations of one problem: "layer_norm.forward/rows=4096,...,dtype=f32"
  Role role = Role::own;
  MeasurementKind kind = MeasurementKind::cpu_wall;
  SampleUnit sample_unit = SampleUnit::process_median;
  std::vector<double> samples_seconds = {};  // one call each, in the order in which they were taken
  std::string pairing = {};  // two reports with the same pairing took sample i of each right after one another; else ""
  std::int64_t iterations_per_sample = 1;
  double median_seconds = 0;
  double ci_low_seconds = not_a_number;  // 95 % interval of the median; NaN when there are too few samples
  double ci_high_seconds = not_a_number;
  double bytes = 0;          // least traffic of one call
  double flops = 0;          // of one call
  std::string ceiling = {};  // name of the ceiling that binds; "" when none was measured
  double fraction_of_ceiling = not_a_number;
  bool quiet = true;  // the quietness probes around it found the machine idle
  std::string note = {};
  std::optional<GpuState> gpu_state = {};
};

struct Ceiling {
  std::string name = {};    // "copy", "matmul", "launch_latency"
  std::string device = {};  // "cpu", "gpu"
  std::string dtype = {};   // "" where it does not matter
  std::int64_t working_set_bytes = 0;
  double value = 0;
  std::string unit = {};  // "bytes/s", "flops/s", "seconds"
  std::vector<double> samples = {};
};

// Cases judged per second by `lockstep verify`, two workers.
struct JudgingRate {
  std::string name = {};                             // "layer_norm.forward 256x1024"
  std::optional<double> cases_per_second_full = {};  // every element judged
  double cases_per_second_sampled = 0;
  std::optional<double> benchdnn_cases_per_second = {};  // measured elsewhere, for comparison
  double target = 0;
};

struct Report {
  Context context = {};
  Environment environment = {};
  Run run = {};
  std::vector<CaseResult> cases = {};
  std::vector<FaultResult> faults = {};
  std::vector<Measurement> measurements = {};
  std::vector<Ceiling> ceilings = {};
  std::vector<JudgingRate> judging_rates = {};
  Training training = {};
  Fuzzing fuzzing = {};
};

}  // namespace lockstep::reports
