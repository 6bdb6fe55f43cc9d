import DaybookModel
import Logging
import Ports

/// A projection's place in an engine: filled with a projection, or empty for what keeps it from
/// being opened or made. One whose file turns out to be damaged is made anew, and the others go on.
///
/// Belongs to one thread.
final class ProjectionSlot {
  let name: ProjectionName
  private let folder: String
  private let path: String
  private let log: any SearchableLog
  private let logger: Logger
  private(set) var projection: Projection?
  /// Why there is none.
  private(set) var fault: DaybookError?
  /// It has not reached the head since it was made: it is folded apart, so that those that are there
  /// need not wait for it.
  private(set) var isCatchingUp = false
  /// It was made anew since it was last at the head. Should it fail again before that, it stays so.
  private var wasMended = false

  /// A new file may begin bare: nobody waits for it yet who would wait for its completion.
  init(_ name: ProjectionName, path: String, log: any SearchableLog, logger: Logger) {
    self.name = name
    self.path = path
    var logger = logger
    logger[metadataKey: "projection"] = "\(name.rawValue)"
    logger[metadataKey: "path"] = "\(path)"
    self.logger = logger
    let last = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    folder = last.map { String(path[..<$0]) } ?? "."
    self.log = log
    open(isBulk: true)
    if projection?.file.origin == .unreadable {
      logger.warning(
        "the projection \(name.rawValue) was damaged, and is made anew from the log")
    }
    tellTrouble()
  }

  /// Opens the file, or makes it anew. What comes of it is in `projection` and `fault`.
  private func open(isBulk: Bool = false) {
    assert(projection == nil, "what is open is closed first")
    do throws(DaybookError) {
      try ProjectionFolder.make(folder)
      projection = try Projection(name, path: path, log: log, isBulk: isBulk)
      fault = nil
      isCatchingUp =
        isCatchingUp || projection.map { $0.file.origin != .continued || $0.file.isBare } ?? false
    } catch {
      projection = nil
      fault = error
    }
    assert((projection == nil) == (fault != nil), "either it is there, or the reason why not")
  }

  /// Opens it again, for what kept it from being opened may be over.
  func retry() {
    let before = fault.map { "\($0)" }
    open()
    if fault == nil {
      logger.notice("the projection \(name.rawValue) is there again")
    } else if fault.map({ "\($0)" }) != before {
      tellTrouble()
    }
  }

  /// Why there is none, if there is none.
  private func tellTrouble() {
    guard let fault else { return }
    let trouble =
      "the projection \(name.rawValue) can't be made, and answers no questions: \(fault)"
    let metadata: Logger.Metadata = ["code": "\(fault.code.name)"]
    if fault.isWorthRetrying {
      logger.warning("\(trouble); it is tried again until it can", metadata: metadata)
    } else {
      logger.error("\(trouble); then start the server again", metadata: metadata)
    }
  }

  func close() {
    try? projection?.file.close()
    projection = nil
  }

  /// Its file is of no use any more, and the operator is told what comes of it. `isAtFault` is false
  /// where it had to go with another one's.
  func mend(after error: DaybookError, isAtFault: Bool = true) {
    close()
    guard !(wasMended && isAtFault) else {
      fault = error
      return tellTrouble()
    }
    (isCatchingUp, wasMended) = (true, wasMended || isAtFault)
    do throws(DaybookError) {
      try ProjectionFile.remove(path)
      open()
    } catch {
      fault = error
    }
    assert((projection == nil) == (fault != nil), "either it is there, or the reason why not")
    guard fault == nil else { return tellTrouble() }
    logger.warning(
      "the projection \(name.rawValue) is made anew from the log: \(SQLiteFault.reason(error))")
  }

  func caughtUp() {
    assert(projection != nil, "only what is there is at the head")
    (isCatchingUp, wasMended) = (false, false)
  }
}
