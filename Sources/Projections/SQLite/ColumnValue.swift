import DaybookModel
import GRDB

extension DatabaseValue {
  /// Of a column that holds an integer by its layout; zero where someone put something else.
  var number: UInt64 {
    if case .int64(let value) = storage { UInt64(bitPattern: value) } else { 0 }
  }

  var isSet: Bool { number != 0 }

  var time: Timestamp { Timestamp(milliseconds: number) }

  var text: String {
    if case .string(let text) = storage { text } else { "" }
  }
}

extension UInt64 {
  var column: DatabaseValue { Int64(bitPattern: self).databaseValue }
}
