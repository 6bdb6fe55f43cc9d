import ArgumentParser
import SegmentLog
import Server

extension SegmentLogReader {
  /// Says on standard error what is wrong with the log that is read.
  func reportFindings() {
    for finding in findings { finding.tell(OperatorLog.logger) }
  }
}

extension OpenData {
  /// Opens the folder, asks, and closes it however the asking ends. What is wrong with the folder is
  /// said on standard error; of a damaged one the answer is what is good, and the exit code tells.
  /// Of a stopped folder the projections are brought up to the log first, unless `catchesUp` is
  /// false.
  static func asking(
    _ folder: DataFolder, catchesUp: Bool = true, _ ask: (OpenData) async throws -> Void
  ) async throws {
    let data = try OpenData(folder, catchesUp: catchesUp, logger: OperatorLog.logger)
    defer { data.close() }
    data.log.reportFindings()
    try await ask(data)
    if data.log.isDamaged { throw ExitCode.failure }
  }
}

extension DataOption {
  func asking(catchesUp: Bool = true, _ ask: (OpenData) async throws -> Void) async throws {
    try await OpenData.asking(try open(), catchesUp: catchesUp, ask)
  }
}
