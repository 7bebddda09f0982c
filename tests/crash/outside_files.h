// Faults for what a book keeps beside its database: the head, the daily roots and their keys, and
// the names in the folder itself. These are written without the database's files, so the system
// calls fail: the functions of outside_files.cc stand before the C library's.
#pragma once
#include <filesystem>

#include "tests/crash/faulty_files.h"

namespace suanpan::test {

/// From now on, in this process, for the book in `folder`. The faults must outlive it. They hear of
/// these files as "head", "roots", "root.key", and "folder" for a sync of the folder.
void strike_outside_files(Faults& faults, const std::filesystem::path& folder);

}  // namespace suanpan::test
