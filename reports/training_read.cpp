// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "reports/training_file.hpp"

namespace lockstep::reports {
namespace {

// Sums of seconds in double differ by rounding; a millionth of the step is far above that and far below any phase.
constexpr double sum_tolerance = 1e-6;

std::vector<double> read_losses(const JsonReader& from) {
  std::vector<double> losses;
  from.each("losses", [&](const JsonReader& loss) {
    if (!loss.is_text()) return losses.push_back(loss.as_number());
    const std::string name = loss.as_text();
    const bool known = name == "nan" || name == "inf" || name == "-inf";
    if (!known) loss.fail("\"" + name.substr(0, 40) + "\" is none of nan, inf, -inf");
    losses.push_back(name == "nan" ? not_a_number : name == "inf" ? HUGE_VAL : -HUGE_VAL);
  });
  return losses;
}

TrainingAgreement read_agreement(const JsonReader& from) {
  TrainingAgreement agreement{.worst_loss = from.number("worst_loss"),
                              .worst_gradient = from.number("worst_gradient"),
                              .worst_parameter = from.number("worst_parameter"),
                              .worst_buffer = from.number("worst_buffer"),
                              .bit_identical = from.boolean("bit_identical"),
                              .numbers_compared = from.integer("numbers_compared"),
                              .tolerance = from.text("tolerance"),
                              .difference = from.text("difference"),
                              .diverged_at_step = std::nullopt};
  if (!from.member("diverged_at_step").is_null()) agreement.diverged_at_step = from.integer("diverged_at_step");
  return agreement;
}

StepDecomposition read_decomposition(const JsonReader& from) {
  StepDecomposition decomposition{
      .step_seconds = from.number("step_seconds"), .phases = {}, .residual_seconds = from.number("residual_seconds")};
  double sum = decomposition.residual_seconds;
  from.each("phases", [&](const JsonReader& phase) {
    decomposition.phases.push_back({phase.enumeration<TrainingPhase>("phase"), phase.number("seconds")});
    sum += decomposition.phases.back().seconds;
  });
  if (!(std::fabs(sum - decomposition.step_seconds) <= sum_tolerance * decomposition.step_seconds)) {
    from.fail("phases and residual_seconds sum to " + std::to_string(sum) + " s, and step_seconds is " +
              std::to_string(decomposition.step_seconds) + " s");
  }
  return decomposition;
}

TimelineSpan read_span(const JsonReader& from) {
  return {.rank = from.integer<int>("rank"),
          .lane = from.enumeration<TimelineLane>("lane"),
          .phase = from.enumeration<TrainingPhase>("phase"),
          .label = from.text("label"),
          .begin_seconds = from.number("begin_seconds"),
          .end_seconds = from.number("end_seconds")};
}

TrainingRun read_run(const JsonReader& from) {
  TrainingRun run{.id = from.text("id"),
                  .mode = from.text("mode"),
                  .model = from.text("model"),
                  .dtype = from.text("dtype"),
                  .transport = from.text("transport"),
                  .executor = from.text("executor"),
                  .ranks = from.integer<int>("ranks"),
                  .steps = from.integer("steps"),
                  .rows_per_batch = from.integer("rows_per_batch"),
                  .options = from.text("options"),
                  .outcome = from.enumeration<Outcome>("outcome"),
                  .reason = from.text("reason"),
                  .agreement = std::nullopt,
                  .losses = read_losses(from),
                  .step_time = std::nullopt,
                  .rows_per_second = from.number("rows_per_second"),
                  .decomposition = std::nullopt,
                  .split = std::nullopt,
                  .collective_calls_per_step = from.number("collective_calls_per_step"),
                  .collective_bytes_per_step = from.number("collective_bytes_per_step"),
                  .straggler_p50_seconds = from.number("straggler_p50_seconds"),
                  .straggler_p99_seconds = from.number("straggler_p99_seconds"),
                  .memory_bytes = {},
                  .oversubscribed = from.boolean("oversubscribed"),
                  .quiet = from.boolean("quiet"),
                  .timeline = {},
                  .rerun = from.text("rerun"),
                  .note = from.text("note")};
  if (const JsonReader found = from.member("agreement"); !found.is_null()) run.agreement = read_agreement(found);
  if (const JsonReader found = from.member("step_time"); !found.is_null()) {
    run.step_time = StepTime{.samples_seconds = found.numbers("samples_seconds"),
                             .median_seconds = found.number("median_seconds"),
                             .p5_seconds = found.number("p5_seconds"),
                             .p95_seconds = found.number("p95_seconds")};
  }
  if (const JsonReader found = from.member("decomposition"); !found.is_null()) {
    run.decomposition = read_decomposition(found);
  }
  if (const JsonReader found = from.member("split"); !found.is_null()) {
    run.split = CommunicationSplit{.alone_seconds = found.number("alone_seconds"),
                                   .exposed_seconds = found.number("exposed_seconds"),
                                   .overlapped_seconds = found.number("overlapped_seconds"),
                                   .contended_seconds = found.number("contended_seconds")};
  }
  from.each("memory_bytes", [&](const JsonReader& bytes) { run.memory_bytes.push_back(bytes.as_integer()); });
  from.each("timeline", [&](const JsonReader& span) { run.timeline.push_back(read_span(span)); });
  return run;
}

ScalingPoint read_scaling(const JsonReader& from) {
  return {.mode = from.text("mode"),
          .model = from.text("model"),
          .kind = from.enumeration<ScalingKind>("kind"),
          .ranks = from.integer<int>("ranks"),
          .bucket_bytes = from.integer("bucket_bytes"),
          .rows_per_rank = from.integer("rows_per_rank"),
          .seconds_per_step = from.number("seconds_per_step"),
          .low_seconds = from.number("low_seconds"),
          .high_seconds = from.number("high_seconds"),
          .rows_per_second = from.number("rows_per_second"),
          .efficiency = from.number("efficiency"),
          .base_ranks = from.integer<int>("base_ranks"),
          .oversubscribed = from.boolean("oversubscribed"),
          .quiet = from.boolean("quiet"),
          .note = from.text("note")};
}

CollectivePoint read_collective(const JsonReader& from) {
  return {.collective = from.text("collective"),
          .transport = from.text("transport"),
          .ranks = from.integer<int>("ranks"),
          .dtype = from.text("dtype"),
          .bytes = from.integer("bytes"),
          .median_seconds = from.number("median_seconds"),
          .p95_seconds = from.number("p95_seconds"),
          .algorithm_bandwidth = from.number("algorithm_bandwidth"),
          .bus_bandwidth = from.number("bus_bandwidth"),
          .copy_ceiling = from.number("copy_ceiling"),
          .fraction = from.number("fraction"),
          .oversubscribed = from.boolean("oversubscribed"),
          .quiet = from.boolean("quiet"),
          .reportable = from.boolean("reportable")};
}

SyncBatchNormCurve read_curve(const JsonReader& from) {
  SyncBatchNormCurve curve{.variant = from.enumeration<SyncBatchNormVariant>("variant"),
                           .group_ranks = from.integer<int>("group_ranks"),
                           .images_per_rank = from.integer<int>("images_per_rank"),
                           .seeds = {},
                           .steps = {},
                           .loss_mean = from.numbers("loss_mean"),
                           .loss_low = from.numbers("loss_low"),
                           .loss_high = from.numbers("loss_high"),
                           .accuracy_mean = from.numbers("accuracy_mean"),
                           .accuracy_low = from.numbers("accuracy_low"),
                           .accuracy_high = from.numbers("accuracy_high"),
                           .final_accuracies = from.numbers("final_accuracies")};
  from.each("seeds", [&](const JsonReader& seed) { curve.seeds.push_back(seed.as_unsigned()); });
  from.each("steps", [&](const JsonReader& step) { curve.steps.push_back(step.as_integer()); });
  for (const std::vector<double>* by_step : {&curve.loss_mean, &curve.loss_low, &curve.loss_high, &curve.accuracy_mean,
                                             &curve.accuracy_low, &curve.accuracy_high}) {
    if (by_step->size() != curve.steps.size()) {
      from.fail("the lists by step must hold " + std::to_string(curve.steps.size()) + " numbers each, found " +
                std::to_string(by_step->size()));
    }
  }
  if (curve.final_accuracies.size() != curve.seeds.size()) {
    from.fail("final_accuracies must hold one number for each of the " + std::to_string(curve.seeds.size()) +
              " seeds, found " + std::to_string(curve.final_accuracies.size()));
  }
  return curve;
}

// Reports from before a tax was split have no parts.
SyncBatchNormTax read_tax(const JsonReader& from) {
  SyncBatchNormTax tax;
  tax.images_per_rank = from.integer<int>("images_per_rank");
  tax.measured_seconds = from.number("measured_seconds");
  tax.predicted_seconds = from.number("predicted_seconds");
  tax.formula = from.text("formula");
  tax.collectives = from.integer("collectives");
  tax.bytes = from.integer("bytes");
  if (!from.has("parts")) return tax;
  tax.ranks = from.integer<int>("ranks");
  tax.oversubscribed = from.boolean("oversubscribed");
  tax.residual_seconds = from.number("residual_seconds");
  from.each("parts", [&](const JsonReader& part) {
    tax.parts.push_back({part.text("name"), part.number("seconds"), part.text("formula")});
  });
  return tax;
}

SyncBatchNormStudy read_study(const JsonReader& from) {
  SyncBatchNormStudy study{.data_set = from.text("data_set"),
                           .model = from.text("model"),
                           .ranks = from.integer<int>("ranks"),
                           .curves = {},
                           .taxes = {},
                           .verdicts = {},
                           .note = from.text("note")};
  from.each("curves", [&](const JsonReader& curve) { study.curves.push_back(read_curve(curve)); });
  from.each("taxes", [&](const JsonReader& tax) { study.taxes.push_back(read_tax(tax)); });
  from.each("verdicts", [&](const JsonReader& verdict) {
    study.verdicts.push_back({.images_per_rank = verdict.integer<int>("images_per_rank"),
                              .claim = verdict.text("claim"),
                              .verdict = verdict.enumeration<StudyVerdict>("verdict"),
                              .low_points = verdict.number("low_points"),
                              .high_points = verdict.number("high_points"),
                              .seeds_used = verdict.integer<int>("seeds_used")});
  });
  return study;
}

}  // namespace

Training read_training(const JsonReader& from) {
  Training training;
  from.each("runs", [&](const JsonReader& run) { training.runs.push_back(read_run(run)); });
  from.each("faults", [&](const JsonReader& fault) {
    training.faults.push_back({.id = fault.text("id"),
                               .description = fault.text("description"),
                               .mode = fault.text("mode"),
                               .caught = fault.boolean("caught"),
                               .by = fault.text("by")});
  });
  from.each("scaling", [&](const JsonReader& point) { training.scaling.push_back(read_scaling(point)); });
  training.findings = from.texts("findings");
  from.each("collectives", [&](const JsonReader& point) { training.collectives.push_back(read_collective(point)); });
  from.each("sync_batch_norm", [&](const JsonReader& study) { training.sync_batch_norm.push_back(read_study(study)); });
  return training;
}

}  // namespace lockstep::reports
