import Testing

/// Files and functions that can be taken in at once.
enum Lengths {
  static let fileLinesMax = 500
  static let functionLinesMax = 70

  static func violations(in file: SourceFile) -> [String] {
    var found: [String] = []
    if file.lineCount > fileLinesMax {
      found.append("\(file.path) has \(file.lineCount) lines: \(fileLinesMax) is the most")
    }
    for function in SwiftCode(file.text).functions where function.lineCount > functionLinesMax {
      found.append(
        "\(file.path):\(function.line): \(function.name) has \(function.lineCount) lines: "
          + "\(functionLinesMax) is the most")
    }
    return found
  }
}

@Suite("Lengths")
struct LengthTests {
  @Test("no file is over 500 lines and no function over 70", arguments: ["Sources", "Tests"])
  func sources(folder: String) throws {
    let files = try Repository.swiftFiles(below: folder)
    #expect(!files.isEmpty)
    for file in files {
      for violation in Lengths.violations(in: file) { Issue.record("\(violation)") }
    }
  }

  @Test("a file of 501 lines is found, one of 500 is not")
  func longFile() {
    func file(_ lines: Int) -> SourceFile {
      SourceFile(path: "Sources/X/X.swift", text: String(repeating: "\n", count: lines))
    }
    #expect(Lengths.violations(in: file(500)).isEmpty)
    #expect(Lengths.violations(in: file(501)).count == 1)
  }

  @Test(
    "a function of 71 lines is found, one of 70 is not",
    arguments: [
      "func f()", "package static func f<T>(_ x: T) throws -> [T] where T: Sendable",
      "init?(a: Int)",
      "@inlinable package mutating func f(_ body: () -> Void = { })",
    ])
  func longFunction(declaration: String) {
    func file(_ lines: Int) -> SourceFile {
      let body = String(repeating: "    if x { y(\"}\\(z { 1 })\") } // }\n", count: lines - 2)
      let text = "struct S {\n  \(declaration) {\n\(body)  }\n  var z = 1\n}\n"
      return SourceFile(path: "Sources/X/X.swift", text: text)
    }
    #expect(Lengths.violations(in: file(70)).isEmpty)
    #expect(Lengths.violations(in: file(71)).count == 1)
  }

  @Test("a requirement without a body is no function, and the next one is found")
  func requirements() {
    let text = """
      protocol P {
        func a(x: Int) throws -> Int
        var b: Int { get }
        func c()
      }
      func d(
        x: Int
      ) -> Int
      {
        x
      }
      """
    let expected = [SwiftCode.Function(name: "d", line: 6, lineCount: 6)]
    #expect(SwiftCode(text).functions == expected)
  }
}
