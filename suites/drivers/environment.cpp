// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/environment.hpp"

#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/device/device.hpp"
#include "harness/device/gpu_telemetry.hpp"
#include "harness/simt/check_mode.hpp"
#include "kernels/communicator/nccl/nccl_process_rank.hpp"
#include "kernels/library_versions.hpp"
#include "suites/drivers/build_info.hpp"
#include "suites/drivers/images.hpp"

namespace lockstep {
namespace {

/// The value of "key : value" in a file of such lines (/proc/cpuinfo), or of KEY="value" (/etc/os-release).
std::string value_in(const char* path, const std::string& key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key, 0) != 0) continue;
    const std::size_t at = line.find(separator);
    if (at == std::string::npos) continue;
    std::string value = line.substr(at + 1);
    value.erase(0, value.find_first_not_of(" \t\""));
    while (!value.empty() && (value.back() == '"' || value.back() == ' ')) value.pop_back();
    return value;
  }
  return "";
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::int64_t cache_bytes(const std::string& text) {  // "32K"
  if (text.empty()) return 0;
  const std::int64_t number = std::atoll(text.c_str());
  return text.back() == 'K' ? number << 10 : text.back() == 'M' ? number << 20 : number;
}

}  // namespace

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

reports::Environment describe_environment() {
  reports::Environment e;
  e.date_utc = utc_now();
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  e.host_name = host;
  e.cpu_model = value_in("/proc/cpuinfo", "model name", ':');
  e.cores = static_cast<int>(std::thread::hardware_concurrency());
  struct sysinfo memory {};
  if (sysinfo(&memory) == 0) e.memory_bytes = static_cast<std::int64_t>(memory.totalram) * memory.mem_unit;
  e.os = value_in("/etc/os-release", "PRETTY_NAME", '=');
  utsname kernel{};
  if (uname(&kernel) == 0) e.kernel = kernel.release;
#if defined(__clang__)
  e.compiler = "clang " + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__);
#else
  e.compiler = "g++ " + std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__);
#endif
  e.build_type = build_info().build_type;
  if (simt::check_mode()) {
    e.build_type += ", check mode of the emulator";
    e.reasons.push_back(
        {"timing", "this build checks every access of the kernels (preset check); it judges and never times"});
  }
  e.revision = build_info().revision;
  e.dirty = build_info().dirty;
  e.libraries.push_back({"nlohmann/json", std::to_string(NLOHMANN_JSON_VERSION_MAJOR) + "." +
                                              std::to_string(NLOHMANN_JSON_VERSION_MINOR) + "." +
                                              std::to_string(NLOHMANN_JSON_VERSION_PATCH)});
  for (const LibraryVersion& library : library_versions()) {
    if (!library.version.empty())
      e.libraries.push_back({library.name, library.version});
    else
      e.reasons.push_back({library.name, library.absent_because});
  }
  if (const std::string version = nccl_version(); !version.empty()) e.libraries.push_back({"NCCL", version});
  if (const std::string why = nccl_unavailable(); !why.empty()) e.reasons.push_back({"ranks over NCCL", why});
  e.cuda.compiled = build_info().cuda;
  if (e.cuda.compiled) e.cuda.toolkit = build_info().cuda_toolkit;
  if (const std::string why = gpu_unavailable(); !why.empty())
    e.reasons.push_back({"CUDA kernels on a GPU", why + "; they are judged under the emulator and not timed"});
  else if (const std::string silent = gpu_telemetry_unavailable(); !silent.empty())
    e.reasons.push_back({"clocks, power and temperature of the GPU", silent});
  if (const std::string why = images_unavailable(); !why.empty()) e.reasons.push_back({"problem set images", why});
  return e;
}

reports::Context describe_context(const std::string& executable) {
  reports::Context c;
  c.executable = executable;
  c.mhz_per_cpu = std::atof(value_in("/proc/cpuinfo", "cpu MHz", ':').c_str());
  const std::string governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  c.cpu_scaling_enabled = !governor.empty() && governor != "performance";
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    const std::string type = first_line(folder + "type");
    if (type.empty()) break;
    const std::string sharing = first_line(folder + "shared_cpu_list");
    c.caches.push_back({type, std::atoi(first_line(folder + "level").c_str()), cache_bytes(first_line(folder + "size")),
                        1 + static_cast<int>(std::count(sharing.begin(), sharing.end(), ','))});
  }
  double load[3];
  if (getloadavg(load, 3) == 3) c.load_average.assign(load, load + 3);
  return c;
}

}  // namespace lockstep
