import DaybookModel
import GRDB

/// What SQLite reports, as errors of `schemas/errors.yaml`.
enum SQLiteFault {
  static func mapped<T>(_ path: String, _ body: () throws -> T) throws(DaybookError) -> T {
    do {
      return try body()
    } catch let error as DaybookError {
      throw error
    } catch let error as DatabaseError {
      throw DaybookError(code(error.resultCode), message(error, path), cause: error)
    } catch {
      throw DaybookError(.storageFailed, "\(path) can't be used: \(error)", cause: error)
    }
  }

  /// The file itself is at fault: what it holds, that its rows don't fit, or that it is no longer
  /// to be read or written. It is derived: made anew, it is as good as before. Not so what is about
  /// the machine, and may be over in a while.
  static func isOfTheFile(_ error: any Error) -> Bool {
    switch error {
    case let error as DaybookError: error.cause.map(isOfTheFile) ?? false
    case let error as DatabaseError:
      switch error.resultCode {
      case .SQLITE_FULL, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_NOMEM, .SQLITE_CANTOPEN,
        .SQLITE_INTERRUPT, .SQLITE_MISUSE, .SQLITE_TOOBIG:
        false
      default: true
      }
    default: false
    }
  }

  /// What is wrong with the file, without its name.
  static func reason(_ error: any Error) -> String {
    let own = error as? DaybookError
    guard let fault = own?.cause as? DatabaseError ?? error as? DatabaseError else {
      return own?.message ?? "\(error)"
    }
    return fault.message ?? "SQLite error \(fault.resultCode)"
  }

  private static func code(_ result: ResultCode) -> ErrorCode {
    switch result {
    case .SQLITE_FULL: .storageFull
    case .SQLITE_BUSY, .SQLITE_LOCKED: .overloaded
    case .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH: .permissionDenied
    default: .storageFailed
    }
  }

  private static func message(_ error: DatabaseError, _ path: String) -> String {
    switch error.resultCode {
    case .SQLITE_FULL: "no room to write \(path): free some space"
    case .SQLITE_BUSY, .SQLITE_LOCKED: "another program keeps \(path) locked: close it"
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      "\(path) is damaged: stop the server and run `daybook projection rebuild`"
    default: "\(path) can't be used: \(error.message ?? "SQLite error \(error.resultCode)")"
    }
  }
}

extension DaybookError {
  /// It may be over in a while, without anyone doing anything about the projections.
  var isWorthRetrying: Bool {
    guard let fault = cause as? DatabaseError else { return code.isTemporary }
    return switch fault.resultCode {
    // Where too many files are open, SQLite can't open its own.
    case .SQLITE_FULL, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_CANTOPEN, .SQLITE_NOMEM: true
    default: false
    }
  }
}
