import Testing

/// What users of the SDK can name, and what is said of it.
enum Documentation {
  /// Public declarations, and cases and requirements of public enums and protocols, that no docstring
  /// stands in front of.
  static func undocumented(in file: SourceFile) -> [String] {
    let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
    // Whose comments and strings are spaces.
    let code = SwiftCode(file.text).lines
    var found: [String] = []
    /// Columns of public enums and protocols that a line is inside of.
    var bodies: [Int] = []
    for (index, line) in code.enumerated() {
      let words = line.split { " (<:=,".contains($0) }
      guard let first = words.first(where: { !$0.hasPrefix("@") }) else { continue }
      let column = line.prefix { $0 == " " }.count
      while let body = bodies.last, column <= body { bodies.removeLast() }
      let isPublic = first == "public" && !words.contains("import")
      let isMember = bodies.last == column - 2 && membersKeywords.contains(first)
      if isPublic || isMember, !isDocumented(lines, index) {
        found.append(
          "\(file.path):\(index + 1): say what it is, in what units, and what it throws: "
            + "\(line.drop { $0 == " " })")
      }
      let opens = isPublic && (words.contains("enum") || words.contains("protocol"))
      if opens, line.hasSuffix("{") { bodies.append(column) }
    }
    return found
  }

  private static let membersKeywords: Set<Substring> = [
    "case", "indirect", "func", "var", "static",
  ]

  private static func isDocumented(_ lines: [Substring], _ index: Int) -> Bool {
    let before = lines[..<index].reversed().first { !$0.drop { $0 == " " }.hasPrefix("@") }
    return before?.drop { $0 == " " }.hasPrefix("///") == true
  }
}

@Suite("Documentation of the SDK")
struct DocumentationTests {
  @Test("whatever users can name has a docstring")
  func sources() throws {
    for file in try Repository.swiftFiles(below: "Sources/DaybookSDK") {
      for one in Documentation.undocumented(in: file) { Issue.record("\(one)") }
    }
  }

  @Test(
    "what says nothing is found, and what users can't name is not",
    arguments: [
      ("public struct A {\n}", 1), ("/// It.\npublic struct A {\n}", 0),
      ("/// It.\n@discardableResult\npublic func a() {}", 0), ("@inlinable public func a() {}", 1),
      ("/// It.\npublic enum A {\n  case b\n  /// That.\n  case c\n}", 1),
      (
        "/// It.\npublic enum A {\n  /// B.\n  case b\n  func c() {\n    switch d {\n    case .e: f\n}",
        1
      ),
      ("/// It.\npublic protocol A {\n  func b()\n}\nfunc c() {}", 1),
      ("enum A {\n  case b\n}\nfunc c() {}\npublic import D", 0), ("// public let a = 1", 0),
    ])
  func found(source: String, count: Int) {
    let file = SourceFile(path: "Sources/X/X.swift", text: source)
    #expect(Documentation.undocumented(in: file).count == count)
  }

  @Test("README shows the example as it is")
  func example() throws {
    let source = try Repository.text("Examples/Courier/Courier.swift")
    #expect(try Repository.text("README.md").contains("```swift\n\(source)```"))
  }
}
