// SPDX-License-Identifier: Apache-2.0
#include "reports/enum_names.hpp"
#include "reports/json_values.hpp"
#include "reports/training_file.hpp"

namespace lockstep::reports {
namespace {

// Losses of a run that diverged are not finite, and what they became matters: those are text.
Json losses_json(const std::vector<double>& losses) {
  return list_of(losses, [](double loss) -> Json {
    if (std::isfinite(loss)) return loss;
    return std::isnan(loss) ? "nan" : loss > 0 ? "inf" : "-inf";
  });
}

Json agreement_json(const TrainingAgreement& agreement) {
  Json object = Json::object();
  put_number(object, "worst_loss", agreement.worst_loss);
  put_number(object, "worst_gradient", agreement.worst_gradient);
  put_number(object, "worst_parameter", agreement.worst_parameter);
  put_number(object, "worst_buffer", agreement.worst_buffer);
  object["bit_identical"] = agreement.bit_identical;
  object["numbers_compared"] = agreement.numbers_compared;
  object["tolerance"] = agreement.tolerance;
  object["difference"] = agreement.difference;
  object["diverged_at_step"] = optional_value(agreement.diverged_at_step);
  return object;
}

Json step_time_json(const StepTime& time) {
  return {{"samples_seconds", numbers(time.samples_seconds)},
          {"median_seconds", number(time.median_seconds)},
          {"p5_seconds", number(time.p5_seconds)},
          {"p95_seconds", number(time.p95_seconds)}};
}

Json decomposition_json(const StepDecomposition& decomposition) {
  return {{"step_seconds", number(decomposition.step_seconds)},
          {"phases", list_of(decomposition.phases,
                             [](const PhaseSeconds& phase) -> Json {
                               return {{"phase", name_of(phase.phase)}, {"seconds", number(phase.seconds)}};
                             })},
          {"residual_seconds", number(decomposition.residual_seconds)}};
}

Json split_json(const CommunicationSplit& split) {
  return {{"alone_seconds", number(split.alone_seconds)},
          {"exposed_seconds", number(split.exposed_seconds)},
          {"overlapped_seconds", number(split.overlapped_seconds)},
          {"contended_seconds", number(split.contended_seconds)}};
}

Json span_json(const TimelineSpan& span) {
  return {{"rank", span.rank},
          {"lane", name_of(span.lane)},
          {"phase", name_of(span.phase)},
          {"label", span.label},
          {"begin_seconds", number(span.begin_seconds)},
          {"end_seconds", number(span.end_seconds)}};
}

Json run_json(const TrainingRun& run) {
  return {{"id", run.id},
          {"mode", run.mode},
          {"model", run.model},
          {"dtype", run.dtype},
          {"transport", run.transport},
          {"executor", run.executor},
          {"ranks", run.ranks},
          {"steps", run.steps},
          {"rows_per_batch", run.rows_per_batch},
          {"options", run.options},
          {"outcome", name_of(run.outcome)},
          {"reason", run.reason},
          {"agreement", run.agreement ? agreement_json(*run.agreement) : Json(nullptr)},
          {"losses", losses_json(run.losses)},
          {"step_time", run.step_time ? step_time_json(*run.step_time) : Json(nullptr)},
          {"rows_per_second", number(run.rows_per_second)},
          {"decomposition", run.decomposition ? decomposition_json(*run.decomposition) : Json(nullptr)},
          {"split", run.split ? split_json(*run.split) : Json(nullptr)},
          {"collective_calls_per_step", number(run.collective_calls_per_step)},
          {"collective_bytes_per_step", number(run.collective_bytes_per_step)},
          {"straggler_p50_seconds", number(run.straggler_p50_seconds)},
          {"straggler_p99_seconds", number(run.straggler_p99_seconds)},
          {"memory_bytes", run.memory_bytes},
          {"oversubscribed", run.oversubscribed},
          {"quiet", run.quiet},
          {"timeline", list_of(run.timeline, span_json)},
          {"rerun", run.rerun},
          {"note", run.note}};
}

Json fault_json(const TrainingFault& fault) {
  return {{"id", fault.id},
          {"description", fault.description},
          {"mode", fault.mode},
          {"caught", fault.caught},
          {"by", fault.by}};
}

Json scaling_json(const ScalingPoint& point) {
  return {{"mode", point.mode},
          {"model", point.model},
          {"kind", name_of(point.kind)},
          {"ranks", point.ranks},
          {"bucket_bytes", point.bucket_bytes},
          {"rows_per_rank", point.rows_per_rank},
          {"seconds_per_step", number(point.seconds_per_step)},
          {"low_seconds", number(point.low_seconds)},
          {"high_seconds", number(point.high_seconds)},
          {"rows_per_second", number(point.rows_per_second)},
          {"efficiency", number(point.efficiency)},
          {"base_ranks", point.base_ranks},
          {"oversubscribed", point.oversubscribed},
          {"quiet", point.quiet},
          {"note", point.note}};
}

Json collective_json(const CollectivePoint& point) {
  return {{"collective", point.collective},
          {"transport", point.transport},
          {"ranks", point.ranks},
          {"dtype", point.dtype},
          {"bytes", point.bytes},
          {"median_seconds", number(point.median_seconds)},
          {"p95_seconds", number(point.p95_seconds)},
          {"algorithm_bandwidth", number(point.algorithm_bandwidth)},
          {"bus_bandwidth", number(point.bus_bandwidth)},
          {"copy_ceiling", number(point.copy_ceiling)},
          {"fraction", number(point.fraction)},
          {"oversubscribed", point.oversubscribed},
          {"quiet", point.quiet},
          {"reportable", point.reportable}};
}

Json curve_json(const SyncBatchNormCurve& curve) {
  return {{"variant", name_of(curve.variant)},
          {"group_ranks", curve.group_ranks},
          {"images_per_rank", curve.images_per_rank},
          {"seeds", curve.seeds},
          {"steps", curve.steps},
          {"loss_mean", numbers(curve.loss_mean)},
          {"loss_low", numbers(curve.loss_low)},
          {"loss_high", numbers(curve.loss_high)},
          {"accuracy_mean", numbers(curve.accuracy_mean)},
          {"accuracy_low", numbers(curve.accuracy_low)},
          {"accuracy_high", numbers(curve.accuracy_high)},
          {"final_accuracies", numbers(curve.final_accuracies)}};
}

Json tax_part_json(const SyncBatchNormTaxPart& part) {
  return {{"name", part.name}, {"seconds", number(part.seconds)}, {"formula", part.formula}};
}

Json tax_json(const SyncBatchNormTax& tax) {
  return {{"images_per_rank", tax.images_per_rank},
          {"ranks", tax.ranks},
          {"oversubscribed", tax.oversubscribed},
          {"parts", list_of(tax.parts, tax_part_json)},
          {"residual_seconds", number(tax.residual_seconds)},
          {"measured_seconds", number(tax.measured_seconds)},
          {"predicted_seconds", number(tax.predicted_seconds)},
          {"formula", tax.formula},
          {"collectives", tax.collectives},
          {"bytes", tax.bytes}};
}

Json verdict_json(const SyncBatchNormVerdict& verdict) {
  return {{"images_per_rank", verdict.images_per_rank}, {"claim", verdict.claim},
          {"verdict", name_of(verdict.verdict)},        {"low_points", number(verdict.low_points)},
          {"high_points", number(verdict.high_points)}, {"seeds_used", verdict.seeds_used}};
}

Json study_json(const SyncBatchNormStudy& study) {
  return {{"data_set", study.data_set},
          {"model", study.model},
          {"ranks", study.ranks},
          {"curves", list_of(study.curves, curve_json)},
          {"taxes", list_of(study.taxes, tax_json)},
          {"verdicts", list_of(study.verdicts, verdict_json)},
          {"note", study.note}};
}

}  // namespace

Json training_json(const Training& training) {
  return {{"runs", list_of(training.runs, run_json)},
          {"faults", list_of(training.faults, fault_json)},
          {"scaling", list_of(training.scaling, scaling_json)},
          {"findings", training.findings},
          {"collectives", list_of(training.collectives, collective_json)},
          {"sync_batch_norm", list_of(training.sync_batch_norm, study_json)}};
}

}  // namespace lockstep::reports
