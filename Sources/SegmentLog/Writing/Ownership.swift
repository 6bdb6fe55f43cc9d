import DaybookModel
import Files
import NIOConcurrencyHelpers

/// Whether this opening of the log is still its owner, and what it is told once it is not.
final class Ownership: Sendable {
  private let epochGuard: EpochGuard
  private let fenced: @Sendable (DaybookError) -> Void
  private let isTold = NIOLockedValueBox(false)

  init(_ epochGuard: EpochGuard, fenced: @escaping @Sendable (DaybookError) -> Void) {
    self.epochGuard = epochGuard
    self.fenced = fenced
  }

  var epoch: Epoch { epochGuard.record.epoch }

  /// Throws `ESTALE` once another owner has opened the log, which has the right to it from then on;
  /// or what keeps that from being known.
  func check() throws(FileError) {
    do throws(FileError) { try epochGuard.check() } catch {
      if error.isFenced { tell(error) }
      throw error
    }
  }

  /// What nothing is taken for any more, where another owner has opened the log.
  func overtaken() -> DaybookError? {
    do throws(FileError) { try check() } catch {
      if error.isFenced { return error.asDaybookError }
    }
    return nil
  }

  /// Once.
  private func tell(_ error: FileError) {
    let isFirst = isTold.withLockedValue { isTold in
      defer { isTold = true }
      return !isTold
    }
    if isFirst { fenced(error.asDaybookError) }
  }
}
