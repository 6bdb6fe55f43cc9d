import DaybookModel
import Testing
import Yams

/// An entry of `schemas/errors.yaml`.
struct ListedError: Decodable {
  var number: UInt32
  var name: String
  var kind: Kind
  var meaning: String
  var action: String

  enum Kind: String, Decodable { case temporary, final }
  struct File: Decodable { var errors: [ListedError] }

  /// In what `listed` differs from `codes`.
  static func differences(_ listed: [ListedError], _ codes: [ErrorCode]) -> [String] {
    var found: [String] = []
    for (what, numbers) in [("listed", listed.map(\.number)), ("code", codes.map(\.number))] {
      for (number, times) in numbers.counts where times > 1 {
        found.append("\(what): \(number) is there \(times) times")
      }
    }
    func key(_ number: UInt32, _ name: String, _ temporary: Bool) -> String {
      "\(number) \(name) \(temporary ? "temporary" : "final")"
    }
    let a = Set(listed.map { key($0.number, $0.name, $0.kind == .temporary) })
    let b = Set(codes.map { key($0.number, $0.name, $0.isTemporary) })
    found += a.subtracting(b).map { "only in errors.yaml: \($0)" }
    found += b.subtracting(a).map { "only in ErrorCodes.swift: \($0)" }
    return found.sorted()
  }
}

extension Sequence where Element: Hashable {
  fileprivate var counts: [Element: Int] { reduce(into: [:]) { $0[$1, default: 0] += 1 } }
}

@Suite("Error list")
struct ErrorListTests {
  private func listed() throws -> [ListedError] {
    let text = try Repository.text("schemas/errors.yaml")
    return try YAMLDecoder().decode(ListedError.File.self, from: text).errors
  }

  @Test("errors.yaml and the code have the same numbers, names and kinds")
  func agree() throws {
    let listed = try listed()
    #expect(listed.count == ErrorCode.all.count)
    #expect(ListedError.differences(listed, ErrorCode.all) == [])
  }

  @Test("every code that is declared is in the list of all")
  func allIsComplete() throws {
    let source = try Repository.text("Sources/DaybookModel/ErrorCodes.swift")
    let declared = source.split(separator: "\n").count { $0.contains("= ErrorCode(") }
    #expect(declared == ErrorCode.all.count)
  }

  @Test("every error says what it means and what to do")
  func sentences() throws {
    for error in try listed() {
      #expect(error.meaning.hasSuffix(".") && error.meaning.count > 20, "\(error.name)")
      #expect(error.action.hasSuffix(".") && error.action.count >= 10, "\(error.name)")
      #expect(error.number / 100 >= 1 && error.number / 100 <= 7, "\(error.name)")
    }
  }

  @Test("a missing, a doubled, a renamed and a changed error are found")
  func found() {
    let codes = [ErrorCode(100, "a"), ErrorCode(101, "b", temporary: true)]
    func error(_ number: UInt32, _ name: String, _ kind: ListedError.Kind) -> ListedError {
      ListedError(number: number, name: name, kind: kind, meaning: "", action: "")
    }
    let good = [error(100, "a", .final), error(101, "b", .temporary)]
    #expect(ListedError.differences(good, codes) == [])
    #expect(ListedError.differences([good[0]], codes).count == 1)
    #expect(ListedError.differences(good + [good[0]], codes).count == 1)
    #expect(ListedError.differences([good[0], error(101, "c", .temporary)], codes).count == 2)
    #expect(ListedError.differences([good[0], error(101, "b", .final)], codes).count == 2)
  }
}
