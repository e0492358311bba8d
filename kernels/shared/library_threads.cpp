// SPDX-License-Identifier: Apache-2.0
#include "kernels/shared/library_threads.hpp"

#include <dlfcn.h>

namespace lockstep {

void limit_library_threads(int threads) {
  // OpenMP's runtime comes with the library, not with this program, which has no parallel region of its own: so it is
  // looked up, not linked. The setting belongs to the calling thread.
  using SetThreads = void (*)(int);
  if (const auto set_threads = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "omp_set_num_threads")))
    set_threads(threads);
}

}  // namespace lockstep
