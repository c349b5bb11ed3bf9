using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace TrtVocoder.Architecture.Tests;

/// <summary>Which namespaces the types of a built assembly use, in signatures, attributes and method bodies.</summary>
internal sealed partial class AssemblyUse : IDisposable
{
    private static readonly Dictionary<short, OpCode> OpCodeOf = typeof(OpCodes).GetFields()
        .Select(field => field.GetValue(null)).OfType<OpCode>().ToDictionary(code => code.Value);

    private readonly PEReader _file;
    private readonly MetadataReader _reader;

    public AssemblyUse(string path)
    {
        _file = new PEReader(File.OpenRead(path));
        _reader = _file.GetMetadataReader();
    }

    /// <summary>The assemblies that it refers to.</summary>
    public IEnumerable<string> References => _reader.AssemblyReferences.Select(handle => _reader.GetString(_reader.GetAssemblyReference(handle).Name));

    /// <summary>Each type with the namespaces that it uses, and the assemblies that its strings name.</summary>
    public IEnumerable<(string Type, string Namespace, IReadOnlySet<string> Namespaces, IReadOnlySet<string> NamedAssemblies)> Types()
    {
        foreach (TypeDefinitionHandle handle in _reader.TypeDefinitions)
        {
            TypeDefinition type = _reader.GetTypeDefinition(handle);
            string space = NamespaceOf(handle);
            // What the compiler puts beside our own types has no namespace.
            if (space.Length == 0)
                continue;
            Collector found = new(this);
            Collect(type, found);
            yield return (_reader.GetString(type.Name), space, found.Namespaces, found.NamedAssemblies);
        }
    }

    public void Dispose() => _file.Dispose();

    private void Collect(TypeDefinition type, Collector found)
    {
        found.Add(type.BaseType);
        foreach (InterfaceImplementationHandle handle in type.GetInterfaceImplementations())
            found.Add(_reader.GetInterfaceImplementation(handle).Interface);
        foreach (CustomAttributeHandle handle in type.GetCustomAttributes())
            found.Add(_reader.GetCustomAttribute(handle).Constructor);
        foreach (GenericParameterHandle handle in type.GetGenericParameters())
            foreach (GenericParameterConstraintHandle constraint in _reader.GetGenericParameter(handle).GetConstraints())
                found.Add(_reader.GetGenericParameterConstraint(constraint).Type);
        foreach (FieldDefinitionHandle handle in type.GetFields())
            _reader.GetFieldDefinition(handle).DecodeSignature(found, null);
        foreach (MethodDefinitionHandle handle in type.GetMethods())
        {
            MethodDefinition method = _reader.GetMethodDefinition(handle);
            method.DecodeSignature(found, null);
            if (method.RelativeVirtualAddress != 0)
                CollectBody(_file.GetMethodBody(method.RelativeVirtualAddress), found);
        }
    }

    private void CollectBody(MethodBodyBlock body, Collector found)
    {
        if (!body.LocalSignature.IsNil)
            _reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(found, null);
        foreach (ExceptionRegion region in body.ExceptionRegions)
            found.Add(region.CatchType);
        BlobReader code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            byte first = code.ReadByte();
            OpCode operation = OpCodeOf[first == 0xFE ? unchecked((short)(0xFE00 | code.ReadByte())) : first];
            switch (operation.OperandType)
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    found.Add(MetadataTokens.EntityHandle(code.ReadInt32()));
                    break;
                case OperandType.InlineString:
                    found.AddString(_reader.GetUserString((UserStringHandle)MetadataTokens.Handle(code.ReadInt32())));
                    break;
                case OperandType.InlineSwitch:
                    int targets = code.ReadInt32();
                    code.Offset += 4 * targets;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += 8;
                    break;
                case OperandType.InlineBrTarget or OperandType.InlineI or OperandType.InlineSig or OperandType.ShortInlineR:
                    code.Offset += 4;
                    break;
                case OperandType.InlineVar:
                    code.Offset += 2;
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.Offset++;
                    break;
                default:
                    break;
            }
        }
    }

    private string NamespaceOf(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _reader.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer ? NamespaceOf(outer) : _reader.GetString(type.Namespace);
    }

    private string NamespaceOf(TypeReferenceHandle handle)
    {
        TypeReference type = _reader.GetTypeReference(handle);
        return type.ResolutionScope.Kind == HandleKind.TypeReference ? NamespaceOf((TypeReferenceHandle)type.ResolutionScope) : _reader.GetString(type.Namespace);
    }

    [GeneratedRegex(@"^[\w.+]+, ?(TrtVocoder[\w.]*)")]
    private static partial Regex AssemblyQualifiedName();

    // Decoding a signature adds every type in it.
    private sealed class Collector(AssemblyUse use) : ISignatureTypeProvider<int, object?>
    {
        private readonly MetadataReader _reader = use._reader;

        public HashSet<string> Namespaces { get; } = [];

        public HashSet<string> NamedAssemblies { get; } = [];

        public void AddString(string text)
        {
            if (AssemblyQualifiedName().Match(text) is { Success: true } match)
                NamedAssemblies.Add(match.Groups[1].Value);
        }

        public void Add(EntityHandle handle)
        {
            if (handle.IsNil)
                return;
            switch (handle.Kind)
            {
                case HandleKind.TypeDefinition:
                    Namespaces.Add(use.NamespaceOf((TypeDefinitionHandle)handle));
                    break;
                case HandleKind.TypeReference:
                    Namespaces.Add(use.NamespaceOf((TypeReferenceHandle)handle));
                    break;
                case HandleKind.TypeSpecification:
                    _reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null);
                    break;
                case HandleKind.MethodDefinition:
                    Add(_reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                    break;
                case HandleKind.FieldDefinition:
                    Add(_reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                    break;
                case HandleKind.MethodSpecification:
                    MethodSpecification generic = _reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                    generic.DecodeSignature(this, null);
                    Add(generic.Method);
                    break;
                case HandleKind.MemberReference:
                    MemberReference member = _reader.GetMemberReference((MemberReferenceHandle)handle);
                    Add(member.Parent);
                    if (member.GetKind() == MemberReferenceKind.Method)
                        member.DecodeMethodSignature(this, null);
                    else
                        member.DecodeFieldSignature(this, null);
                    break;
                default:
                    break;
            }
        }

        public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => Added(handle);

        public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => Added(handle);

        public int GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) => Added(handle);

        public int GetArrayType(int elementType, ArrayShape shape) => 0;

        public int GetByReferenceType(int elementType) => 0;

        public int GetFunctionPointerType(MethodSignature<int> signature) => 0;

        public int GetGenericInstantiation(int genericType, ImmutableArray<int> typeArguments) => 0;

        public int GetGenericMethodParameter(object? genericContext, int index) => 0;

        public int GetGenericTypeParameter(object? genericContext, int index) => 0;

        public int GetModifiedType(int modifier, int unmodifiedType, bool isRequired) => 0;

        public int GetPinnedType(int elementType) => 0;

        public int GetPointerType(int elementType) => 0;

        public int GetPrimitiveType(PrimitiveTypeCode typeCode) => 0;

        public int GetSZArrayType(int elementType) => 0;

        private int Added(EntityHandle handle)
        {
            Add(handle);
            return 0;
        }
    }
}
