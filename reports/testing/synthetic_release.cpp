// SPDX-License-Identifier: Apache-2.0
#include "reports/testing/synthetic_release.hpp"

#include <array>
#include <cmath>

#include "reports/release_speed.hpp"
#include "reports/testing/synthetic_report.hpp"

namespace lockstep::reports {
namespace {

void add_speed(Release& release) {
  int place = 0;
  for (const char* problem :
       {"x=32x128x768,normalized_shape=768,dtype=f32", "x=8x1024x1280,normalized_shape=1280,dtype=f32",
        "x=256x1024,normalized_shape=1024,dtype=bf16", "x=64x4096,normalized_shape=4096,dtype=f16"}) {
    const double factor = std::array{0.81, 0.97, 1.01, 1.22}[static_cast<std::size_t>(place)];
    SpeedRow row{.operation = "layer_norm.forward",
                 .problem = problem,
                 .source = "an invented layer",
                 .kind = MeasurementKind::gpu_cold,
                 .candidate_error = {.cases = 1, .elements = 4096, .worst_bound = 0.1, .worst_rms = 2.1 + 0.3 * place},
                 .baseline_error = {.cases = 1, .elements = 4096, .worst_bound = 0.2, .worst_rms = 2.9 - 0.2 * place}};
    for (int i = 0; i < 10; ++i) {
      const double common = 1e-5 * (1 + 3 * place) * (1 + 0.02 * (i % 3));
      row.baseline_seconds.push_back(common);
      row.candidate_seconds.push_back(common * factor * (1 + 0.006 * ((i * 7) % 5 - 2)));
    }
    release.speed.push_back(std::move(row));
    ++place;
  }
  judge_speed(release.speed, release.allowed_slowdown);
}

void add_reasons(Release& release) {
  const std::string id = "layer_norm.forward/cuda.warp_per_row/x=33x65,normalized_shape=65,dtype=bf16";
  release.reasons = {
      {.check = "tile_edges",
       .message = "y[32, 64] is off by 1.4e3 bounds: expected 0.7312, got 0",
       .id = id,
       .cases = 41,
       .rerun = "lockstep verify --case " + id + " --seed 1",
       .smallest = "layer_norm.forward/cuda.warp_per_row/x=1x33,normalized_shape=33,dtype=bf16",
       .smallest_rerun = "lockstep verify --case "
                         "layer_norm.forward/cuda.warp_per_row/x=1x33,normalized_shape=33,dtype=bf16 --seed 1"},
      {.check = "determinism",
       .message = "order=reverse gave other bits than the first launch, but the contract promises determinism",
       .id = id,
       .rerun =
           "lockstep release layer_norm --candidate cuda.warp_per_row --baseline cuda.block_per_row --problem x=33x65"},
      {.check = "speed", .message = "layer_norm.forward/x=64x4096 takes 1.22 times as long as cuda.block_per_row"}};
}

}  // namespace

Release synthetic_release(bool held, bool hostile) {
  const Report report = synthetic_report({.cases = 60, .failing = false, .gpu = !held});
  Release release{.environment = report.environment,
                  .run = report.run,
                  .operator_name = "layer_norm",
                  .directions = {"forward", "backward"},
                  .candidate = "cuda.warp_per_row",
                  .baseline = hostile ? "</script><img src=x onerror=alert(1)>" : "cuda.block_per_row",
                  .dtypes = {"f32", "f16", "bf16"},
                  .devices = {held ? "emulated" : "gpu"},
                  .allowed_slowdown = 0.05,
                  .faults = report.faults};
  release.run.command = "lockstep release layer_norm --candidate cuda.warp_per_row --baseline cuda.block_per_row";
  for (const CheckTitle& title : release_checks()) {
    ReleaseCheck check{.name = title.name, .title = title.title, .status = CheckStatus::passed};
    check.planned = 420;
    check.judged = 400;
    check.declined = 20;
    check.detail = "how it was tried, in half a sentence or so";
    release.checks.push_back(check);
  }
  const auto set = [&](const std::string& name, CheckStatus status, std::int64_t failed, const std::string& detail) {
    for (ReleaseCheck& check : release.checks)
      if (check.name == name) {
        check.status = status;
        check.failed = failed;
        if (!detail.empty()) check.detail = detail;
        if (status == CheckStatus::not_checked) check.planned = check.judged = check.declined = 0;
      }
  };
  for (const char* dtype : {"f32", "f16", "bf16"})
    for (const char* direction : {"forward", "backward"})
      release.accuracy.push_back({.direction = direction,
                                  .dtype = dtype,
                                  .candidate = {.cases = 40,
                                                .elements = 90000,
                                                .worst_bound = 0.31,
                                                .worst_rms = 2.7,
                                                .mismatches_to_correct_rounding = 1200},
                                  .baseline = {.cases = 40,
                                               .elements = 90000,
                                               .worst_bound = held ? INFINITY : 0.4,
                                               .worst_rms = 3.4,
                                               .mismatches_to_correct_rounding = 2500}});
  release.conditions = {{"It declines what the baseline takes", "12 problems: rows of more than 4096 elements"}};
  set("beyond_2_31", CheckStatus::not_checked, 0, "needs 24 GiB of memory; 12 GiB may be taken here");
  release.not_checked = {{"Tensors of more than 2^31 elements", "needs 24 GiB of memory; 12 GiB may be taken here"}};
  if (held) {
    add_reasons(release);
    set("tile_edges", CheckStatus::failed, 41, "");
    set("determinism", CheckStatus::failed, 1, "");
    set("speed", CheckStatus::not_checked, 0, "emulated runs are judged, never timed");
    release.not_checked.push_back({"Speed against the baseline", "emulated runs are judged, never timed"});
  } else {
    add_speed(release);
    std::erase_if(release.speed, [](const SpeedRow& row) { return row.verdict == SpeedVerdict::regressed; });
    release.kernels = {{
                           .name = "forward_warp_per_row<float, 4, 8>",
                           .source = "layer_norm/forward_warp_per_row.cu",
                           .architecture = "sm_90",
                           .registers = 46,
                           .shared_bytes = 4096,
                       },
                       {.name = "forward_warp_per_row<float, 1, 32>",
                        .source = "layer_norm/forward_warp_per_row.cu",
                        .architecture = "sm_90",
                        .registers = 255,
                        .spill_store_bytes = 128,
                        .spill_load_bytes = 192,
                        .stack_bytes = 128}};
    release.kernels_from = "From what ptxas said when this program was built (nvcc 13.0)";
  }
  return release;
}

}  // namespace lockstep::reports
