import DaybookModel

/// What the program exits with (`schemas/cli.md`).
enum ExitStatus: Int32, CaseIterable {
  case success = 0
  /// It could not be done, or damage was found.
  case failure = 1
  /// Of `mirror verify`: the topic is equal to the log as far as it goes.
  case behind = 2
  /// Of `mirror verify`: the topic is not what the log says.
  case different = 3
  /// The command line makes no sense (EX_USAGE of sysexits.h).
  case usage = 64

  init(_ error: DaybookError) {
    self = error.code == .invalidArgument ? .usage : .failure
  }
}
