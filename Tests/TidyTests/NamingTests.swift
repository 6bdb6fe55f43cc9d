import Testing

/// Names that say nothing about what a thing is.
enum Naming {
  static let bannedSuffixes = ["Manager", "Helper", "Helpers", "Util", "Utils", "Impl", "New"]

  static func violations(in file: SourceFile) -> [String] {
    let stem = file.path.split(separator: "/").last.map { String($0.dropLast(6)) } ?? ""
    let names = SwiftCode(file.text).types + [(name: stem, line: 1)]
    return names.flatMap { name, line in
      bannedSuffixes.filter { name.hasSuffix($0) }.map {
        "\(file.path):\(line): '\(name)' ends in \($0): name it after what it is"
      }
    }
  }
}

@Suite("Names")
struct NamingTests {
  @Test("no type is named as a module: whoever imports it could not name the module's others")
  func modules() throws {
    for file in try Repository.swiftFiles(below: "Sources") {
      for (name, line) in SwiftCode(file.text).types where ImportRules.allowed[name] != nil {
        Issue.record("\(file.path):\(line): '\(name)' is a module's name")
      }
    }
  }

  @Test("no type and no file has an empty name's ending", arguments: ["Sources", "Tests"])
  func sources(folder: String) throws {
    for file in try Repository.swiftFiles(below: folder) {
      for violation in Naming.violations(in: file) { Issue.record("\(violation)") }
    }
  }

  @Test(
    "such a name is found, wherever it stands",
    arguments: [
      "final class SessionManager {", "package enum StringUtils {}", "private actor LogImpl: Log {",
      "protocol LogNew: Log {", "typealias QueryHelper = Query",
    ])
  func found(line: String) {
    let file = SourceFile(path: "Sources/X/X.swift", text: "\(line)\n")
    #expect(Naming.violations(in: file).count == 1)
  }

  @Test("a file's name counts too, and words in comments don't")
  func files() {
    let helper = SourceFile(path: "Sources/X/LogHelper.swift", text: "struct Log {}\n")
    #expect(Naming.violations(in: helper).count == 1)
    let fine = SourceFile(path: "Sources/X/Log.swift", text: "// struct LogManager\nclass Log {}\n")
    #expect(Naming.violations(in: fine).isEmpty)
  }
}
