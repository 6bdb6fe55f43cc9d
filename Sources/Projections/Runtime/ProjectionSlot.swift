import DaybookModel
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
  private(set) var projection: Projection?
  /// Why there is none.
  private(set) var fault: DaybookError?
  /// It has not reached the head since it was made: it is folded apart, so that those that are there
  /// need not wait for it.
  private(set) var isCatchingUp = false
  /// It was made anew since it was last at the head. Should it fail again before that, it stays so.
  private var wasMended = false

  init(_ name: ProjectionName, path: String, log: any SearchableLog) {
    self.name = name
    self.path = path
    let last = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    folder = last.map { String(path[..<$0]) } ?? "."
    self.log = log
    open()
  }

  /// Opens the file, or makes it anew. What comes of it is in `projection` and `fault`.
  func open() {
    assert(projection == nil, "what is open is closed first")
    do throws(DaybookError) {
      try ProjectionFolder.make(folder)
      projection = try Projection(name, path: path, log: log)
      fault = nil
      isCatchingUp = isCatchingUp || projection?.file.origin != .continued
    } catch {
      projection = nil
      fault = error
    }
    assert((projection == nil) == (fault != nil), "either it is there, or the reason why not")
  }

  /// A line for the operator on why there is none.
  var trouble: String? {
    fault.map { fault in
      "the projection \(name.rawValue) can't be made, and answers no questions: \(fault)"
        + (fault.isWorthRetrying
          ? "; it is tried again until it can" : "; then start the server again")
    }
  }

  /// A line for the operator, if an old file was not gone on with.
  var openedAnew: String? {
    projection?.file.origin == .unreadable
      ? "the projection \(name.rawValue) was damaged, and is made anew from the log" : nil
  }

  func close() {
    try? projection?.file.close()
    projection = nil
  }

  /// Its file is of no use any more. Returns a line for the operator. `isAtFault` is false where it
  /// had to go with another one's.
  func mend(after error: DaybookError, isAtFault: Bool = true) -> String {
    close()
    guard !(wasMended && isAtFault) else {
      fault = error
      return trouble!
    }
    (isCatchingUp, wasMended) = (true, wasMended || isAtFault)
    do throws(DaybookError) {
      try ProjectionFile.remove(path)
      open()
    } catch {
      fault = error
    }
    assert((projection == nil) == (fault != nil), "either it is there, or the reason why not")
    return trouble
      ?? "the projection \(name.rawValue) is made anew from the log: \(SQLiteFault.reason(error))"
  }

  func caughtUp() {
    assert(projection != nil, "only what is there is at the head")
    (isCatchingUp, wasMended) = (false, false)
  }
}
